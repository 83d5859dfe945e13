//! How a DaemonSet replaces old pods, node by node.
//!
//! Mirrors `rollingUpdate` in `pkg/controller/daemon/update.go` (v1.36).

use super::{DaemonSet, Node, Pod, Steps, Time};

impl DaemonSet {
    /// The next steps of the rolling update.
    pub(super) fn update(&self, now: Time) -> Steps {
        let desired = self.nodes.iter().filter(|node| node.eligibility.run).count();
        let surge = self.scaled(self.spec.max_surge.as_ref(), desired);
        let unavailable = self.scaled(self.spec.max_unavailable.as_ref(), desired);
        if surge > 0 {
            return self.update_with_surge(now, surge, desired);
        }
        // With neither, no update would ever move.
        let unavailable = if desired > 0 { unavailable.max(1) } else { unavailable };
        self.update_in_place(now, unavailable)
    }

    /// Deletes old pods, so that no more than `max` nodes are without an available pod; `manage` then creates the new
    /// ones. Old pods that are not available go at once, whatever `max` is.
    fn update_in_place(&self, now: Time, max: usize) -> Steps {
        let mut unavailable = 0;
        let (mut must, mut may) = (Vec::new(), Vec::new());
        for (at, node) in self.concerned() {
            match self.sorted(node) {
                Some((Some(new), None)) => unavailable += usize::from(!self.is_available(new, now)),
                Some((None, Some(old))) if !self.is_available(old, now) => {
                    must.push((at, old.number));
                    unavailable += 1;
                }
                Some((None, Some(old))) => may.extend((unavailable < max).then_some((at, old.number))),
                // Nothing but a pod that is being deleted, or more pods than there should be: `manage` sees to it.
                _ => unavailable += 1,
            }
        }
        must.extend(may.into_iter().take(max.saturating_sub(unavailable)));
        Steps { create: Vec::new(), delete: must }
    }

    /// Creates new pods beside the old ones, on no more than `max` nodes at once, and deletes an old pod when the new one
    /// beside it is available. Where the old pod is not available, the new one comes at once, whatever `max` is. Old pods
    /// on nodes that are not eligible any more stay until enough others are available.
    fn update_with_surge(&self, now: Time, max: usize, desired: usize) -> Steps {
        let (mut surging, mut available) = (0, 0);
        let mut delete = Vec::new();
        let (mut must, mut may, mut sunset) = (Vec::new(), Vec::new(), Vec::new());
        for (at, node) in self.concerned() {
            let Some((new, old)) = self.sorted(node) else {
                surging += 1;
                continue;
            };
            let counted = old.or(new).is_some_and(|pod| self.is_available(pod, now));
            available += usize::from(counted);
            let Some(old) = old else { continue };
            match (new, counted, node.eligibility.run) {
                (None, false, false) => delete.push((at, old.number)),
                (None, false, true) => must.push(at),
                (None, true, false) => sunset.push((at, old.number)),
                (None, true, true) => may.extend((surging < max).then_some(at)),
                (Some(new), ..) if self.is_available(new, now) => delete.push((at, old.number)),
                (Some(_), ..) => surging += 1,
            }
        }
        delete.extend(sunset.into_iter().take(available.saturating_sub(desired)));
        must.extend(may.into_iter().take(max.saturating_sub(surging)));
        Steps { create: must, delete }
    }

    /// The nodes that have pods or should have one.
    fn concerned(&self) -> impl Iterator<Item = (usize, &Node)> {
        self.nodes.iter().enumerate().filter(|(_, node)| node.eligibility.run || !node.pods.is_empty())
    }

    /// The new and the old pod on a node, apart from those that are being deleted; `None` if there are several of a kind.
    /// Mirrors `findUpdatedPodsOnNode`.
    fn sorted<'a>(&self, node: &'a Node) -> Option<(Option<&'a Pod>, Option<&'a Pod>)> {
        let (mut new, mut old) = (None, None);
        for pod in node.pods.iter().filter(|pod| !pod.leaving) {
            let place = if self.is_updated(pod) { &mut new } else { &mut old };
            if place.replace(pod).is_some() {
                return None;
            }
        }
        Some((new, old))
    }
}
