//! What happens when objects are applied: what changes, what is refused, and the controllers' steps in time.
//!
//! [`plan()`] compares two [`Side`]s object by object (`change`), asks the judge and the applying tool (`planner`, `applier`,
//! `remedies`), and follows the rollout of each workload (`rollout`), which is a [`Scenario`] of two steps. A scenario says what
//! is applied when and how pods behave; [`simulate`] plays it on a virtual clock and gives the [`Trace`]. What all workloads
//! share is in `sim`; the controllers mirror those of Kubernetes v1.36 (pkg/controller), and each workload has a file or a
//! folder in `workload`.
//!
//! ```
//! use seatrial::plan::document::Action;
//! use seatrial::plan::{Options, Side, plan};
//! use seatrial::source::Sources;
//!
//! let side = |image: &str| {
//!     let mut sources = Sources::default();
//!     sources.add("web.yaml", format!("
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {{name: web}}
//! spec:
//!   replicas: 10
//!   selector: {{matchLabels: {{app: web}}}}
//!   template:
//!     metadata: {{labels: {{app: web}}}}
//!     spec: {{containers: [{{name: web, image: '{image}'}}]}}
//! "));
//!     Side::new(sources)
//! };
//! let plan = plan(&side("web:1"), &side("web:2"), &Options::default());
//! assert_eq!(plan.objects[0].action, Action::Roll);
//! let bounds = plan.objects[0].bounds.as_ref().expect("it rolls");
//! assert_eq!((bounds.min_available, bounds.max_pods), (8, 13));
//! ```

mod applier;
mod assumptions;
mod change;
pub mod document;
mod gate;
mod planner;
pub(crate) mod pod_timing;
mod remedies;
mod rollout;
mod side;
mod sim;
mod simulate;
pub(crate) mod workload;

pub use self::applier::{Applier, UnknownApplier};
pub use self::assumptions::{AssumptionError, Assumptions};
pub use self::change::{Change, changes};
pub use self::document::{Effect, id};
pub use self::gate::{Condition, GateError};
pub use self::planner::{Options, plan};
pub use self::side::Side;
pub use self::sim::ScenarioError;
pub use self::sim::scenario::{At, Failing, Instant, NodeModel, Outage, Scenario, Step, TaintModel, generate_schema};
pub use self::sim::time::Time;
pub use self::sim::trace::{Cause, Row, Trace, Verdict};
pub use self::sim::{event, state};
pub use self::simulate::{SimulationError, simulate};
