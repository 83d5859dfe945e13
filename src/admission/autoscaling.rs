//! Autoscalers and disruption budgets.
