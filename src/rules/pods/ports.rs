//! Ports that containers of one pod share, which the API server takes.

use std::collections::BTreeMap;

use crate::cluster::{ContainerKind, Object};
use crate::finding::Findings;
use crate::yaml::Path;

/// What a container without `restartPolicy: Always` declares is over before the others start, so that only main and
/// sidecar containers can be in each other's way.
pub(in crate::rules) fn shared_port(object: &Object, out: &mut Findings) {
    let mut seen: BTreeMap<(&str, i32), (Path, &str)> = BTreeMap::new();
    for place in object.containers().filter(|place| place.kind != ContainerKind::Init) {
        for (index, port) in place.container.ports.iter().flatten().enumerate() {
            let path = place.path.field("ports").index(index);
            let protocol = port.protocol.as_deref().unwrap_or("TCP");
            let (number, container) = (port.container_port, place.container.name.as_str());
            if number == 0 {
                continue;
            }
            let Some((first, owner)) = seen.get(&(protocol, number)) else {
                seen.insert((protocol, number), (path, container));
                continue;
            };
            let is_other_host_port = |first: &Path| {
                let other = object.root().at(&first.field("hostPort"));
                other.is_some() && port.host_port.is_some()
            };
            if is_other_host_port(first) {
                continue;
            }
            let message = if *owner == container {
                format!("container `{container}` declares port {number} ({protocol}) twice")
            } else {
                format!("containers `{owner}` and `{container}` both declare port {number} ({protocol}) of one pod")
            };
            let finding = object.report(out, &path.field("containerPort"), message);
            finding.related(object.place(&first.field("containerPort")), "the first of them");
        }
    }
}

/// The same name in two containers: whoever looks for it by name finds the first.
pub(in crate::rules) fn shared_name(object: &Object, out: &mut Findings) {
    let mut seen: BTreeMap<&str, (Path, &str)> = BTreeMap::new();
    let main_first = [ContainerKind::Main, ContainerKind::Sidecar];
    for place in main_first.into_iter().flat_map(|kind| object.containers().filter(move |place| place.kind == kind)) {
        for (index, port) in place.container.ports.iter().flatten().enumerate() {
            let Some(name) = port.name.as_deref().filter(|name| !name.is_empty()) else { continue };
            let path = place.path.field("ports").index(index).field("name");
            let container = place.container.name.as_str();
            match seen.get(name) {
                Some((first, owner)) if *owner != container => {
                    let message = format!("containers `{owner}` and `{container}` both call a port `{name}`");
                    let finding = object.report(out, &path, message);
                    finding.related(object.place(first), "Services that ask by name find this one");
                    finding.help("give the ports different names");
                }
                Some(_) => {}
                None => {
                    seen.insert(name, (path, container));
                }
            }
        }
    }
}
