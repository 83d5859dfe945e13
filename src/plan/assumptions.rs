//! What the manifests cannot know and a plan takes for granted.

use std::collections::BTreeMap;

/// How many nodes a `DaemonSet` is planned for where none are known.
const NODES: usize = 3;

/// Numbers that the manifests cannot know. Durations are seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assumptions {
    /// How long a pod takes until it is ready, instead of what its probes say.
    pub startup: Option<f64>,
    /// How long the images take to come, before a pod starts.
    pub pull: Option<f64>,
    /// How long a pod takes to stop, instead of what its grace period says.
    pub termination: Option<f64>,
    /// How many nodes there are, all of them fit for every `DaemonSet`.
    pub nodes: Option<usize>,
    /// How many pods run already, by the name of the workload, where an autoscaler decides that.
    pub replicas: BTreeMap<String, i32>,
}

/// The most nodes that may be assumed.
const MOST_NODES: usize = 10_000;

/// Why a text cannot be assumed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssumptionError {
    /// It is no assumption.
    #[error(
        "`{0}` is no assumption; write for example `startup=5s`, `pull=20s`, `termination=10s`, `nodes=5` or `replicas/web=18`"
    )]
    Unknown(String),
    /// A plan could not be made for so many nodes.
    #[error("`{0}` is too much; a plan is made for {MOST_NODES} nodes at most")]
    TooManyNodes(String),
}

impl Assumptions {
    /// Adds one that is written as `startup=5s`, `pull=20s`, `termination=10s`, `nodes=5` or `replicas/NAME=18`.
    pub fn add(&mut self, text: &str) -> Result<(), AssumptionError> {
        let fail = || AssumptionError::Unknown(text.to_owned());
        let (name, value) = text.split_once('=').ok_or_else(fail)?;
        let seconds = || {
            let seconds: f64 = value.strip_suffix('s').unwrap_or(value).parse().map_err(|_| fail())?;
            if (0.0..=1e9).contains(&seconds) { Ok(seconds) } else { Err(fail()) }
        };
        match name {
            "startup" => self.startup = Some(seconds()?),
            "pull" => self.pull = Some(seconds()?),
            "termination" => self.termination = Some(seconds()?),
            "nodes" if value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty() => {
                let count = value.parse().ok().filter(|count| *count <= MOST_NODES);
                self.nodes = Some(count.ok_or_else(|| AssumptionError::TooManyNodes(text.to_owned()))?);
            }
            _ => {
                let workload = name.strip_prefix("replicas/").filter(|name| !name.is_empty()).ok_or_else(fail)?;
                let count = value.parse().ok().filter(|count: &i32| *count >= 0).ok_or_else(fail)?;
                self.replicas.insert(workload.to_owned(), count);
            }
        }
        Ok(())
    }

    /// How many nodes there are where the input names none.
    pub(super) fn nodes(&self) -> usize {
        self.nodes.unwrap_or(NODES)
    }

    /// What is taken for granted, in words; `for_nodes` if the number of nodes counts.
    pub(super) fn words(&self, for_nodes: bool) -> Vec<String> {
        let mut words = vec!["the old pods are healthy".to_owned(), "there is room for all pods".to_owned()];
        words.push(match self.startup {
            Some(seconds) => format!("a pod is ready {seconds} s after it starts"),
            None => "a pod is ready as soon as its probes allow".to_owned(),
        });
        words.push(match self.pull {
            Some(seconds) => format!("images take {seconds} s to come"),
            None => "images are there already".to_owned(),
        });
        if let Some(seconds) = self.termination {
            words.push(format!("a pod stops in {seconds} s"));
        }
        if for_nodes {
            words.push(format!("{} nodes fit for every DaemonSet", self.nodes()));
        }
        words.extend(self.replicas.iter().map(|(name, count)| format!("{count} pods of {name} run now")));
        words.push("no webhook changes the objects".to_owned());
        words
    }
}
