//! What happens in a scenario: to pods by themselves, and at the hands of controllers.

use std::collections::BTreeMap;
use std::fmt;

use super::template::Revision;

/// What the environment did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// An object was applied and accepted.
    Accepted,
    /// An object was applied and refused.
    Refused,
    /// This happened to so many pods.
    Pods(PodEvent, usize),
}

/// What happens to a pod by itself. In alphabetical order, as traces list it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PodEvent {
    /// Its containers end.
    End,
    /// It is gone, some time after its deletion.
    Gone,
    /// It becomes Ready.
    Ready,
    /// Its containers start again.
    Restart,
    /// Its containers start.
    Start,
}

/// How often what happened to pods.
pub(in crate::plan) type Happened = BTreeMap<PodEvent, usize>;

/// What a controller says that it does: an Event in the sense of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A Deployment gives one of its ReplicaSets another size.
    Scaled {
        /// The name of the Deployment.
        deployment: String,
        /// The template of the ReplicaSet.
        revision: Revision,
        /// How many pods it should have had.
        from: i32,
        /// How many it should have.
        to: i32,
    },
    /// A pod is created whose name is chance.
    Created,
    /// A pod is deleted whose name was chance.
    Deleted,
    /// Something is done to a pod of a `StatefulSet`.
    Pod {
        /// What.
        verb: Verb,
        /// The name of the pod.
        pod: String,
        /// The name of the set.
        set: String,
    },
    /// A claim is created for a pod of a `StatefulSet`.
    Claim {
        /// The name of the claim.
        claim: String,
        /// The name of the pod.
        pod: String,
        /// The name of the set.
        set: String,
    },
    /// Something of which nothing follows.
    Other {
        /// The reason of the Event.
        reason: &'static str,
        /// Its message.
        message: String,
    },
}

/// What is done to a pod of a `StatefulSet`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// It is created.
    Create,
    /// It is deleted.
    Delete,
    /// It is written, with nothing in it changed.
    Update,
}

impl Event {
    /// An Event of which nothing follows.
    pub(in crate::plan) fn other(reason: &'static str, message: impl Into<String>) -> Self {
        Self::Other { reason, message: message.into() }
    }
}

/// As traces have it: `ready:2`.
impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (event, count) = match self {
            Self::Accepted => return f.write_str("apply:accept"),
            Self::Refused => return f.write_str("apply:reject"),
            Self::Pods(event, count) => (event, count),
        };
        let name = match event {
            PodEvent::End => "end",
            PodEvent::Gone => "gone",
            PodEvent::Ready => "ready",
            PodEvent::Restart => "restart",
            PodEvent::Start => "start",
        };
        write!(f, "{name}:{count}")
    }
}

/// The reason and the message, in the controllers' own words. The name of a ReplicaSet ends in its revision, not in a hash.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scaled { deployment, revision, from, to } => {
                let direction = if from < to { "up" } else { "down" };
                let name = format_args!("{deployment}-{revision}");
                write!(f, "ScalingReplicaSet: Scaled {direction} replica set {name} from {from} to {to}")
            }
            Self::Created => f.write_str("SuccessfulCreate: Created pod"),
            Self::Deleted => f.write_str("SuccessfulDelete: Deleted pod"),
            Self::Pod { verb, pod, set } => {
                write!(f, "Successful{verb:?}: {verb:?} Pod {pod} in StatefulSet {set} successful")
            }
            Self::Claim { claim, pod, set } => {
                write!(f, "SuccessfulCreate: Create Claim {claim} Pod {pod} in StatefulSet {set} success")
            }
            Self::Other { reason, message } => write!(f, "{reason}: {message}"),
        }
    }
}
