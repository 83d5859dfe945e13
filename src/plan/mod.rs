//! What happens when objects are applied: what changes, what is refused, and the controllers' steps in time.
//!
//! [`plan()`] compares two [`Side`]s object by object (`change`), asks admission (`refusal`, `ways_out`), and follows the
//! rollout of each workload (`rollout`), which is a [`Scenario`] of two steps. A scenario says what is applied when and how
//! pods behave; [`simulate`] plays it on a virtual clock and gives the [`Trace`]. The controllers mirror those of Kubernetes
//! v1.36 (pkg/controller); each workload has a file or a folder.
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
mod build;
mod change;
mod claims;
mod consumers;
pub mod document;
mod endpoints;
mod gate;
pub(crate) mod interplay;
mod refusal;
mod rollout;
mod running;
mod server_says;
mod sim;
mod simulate;
mod status;
mod steps;
pub(crate) mod timing;
mod unread;
mod ways_out;
pub(crate) mod workload;

pub use self::applier::{Applier, UnknownApplier};
pub use self::assumptions::{AssumptionError, Assumptions};
pub use self::build::{Options, Side, id, plan};
pub use self::change::{Change, changes};
pub use self::document::Effect;
pub use self::gate::{Condition, GateError};
pub use self::sim::ScenarioError;
pub use self::sim::scenario::{At, Failing, Instant, NodeModel, Outage, Scenario, Step, TaintModel, generate_schema};
pub use self::sim::time::Time;
pub use self::sim::trace::{Cause, Row, Trace, Verdict};
pub use self::sim::{event, state};
pub use self::simulate::{SimulationError, simulate};
