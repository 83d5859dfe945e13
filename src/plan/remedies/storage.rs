//! Ways out for volumes, claims and their classes.

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use k8s_openapi::api::storage::v1::StorageClass;

use super::{Refused, WayOut, kubectl, quoted, way};
use crate::cluster::Object;
use crate::finding::{Finding, Keeps};
use crate::values::quantity::Quantity;
use crate::yaml::Segment;

/// A claim of a template whose size changes: name, old size, new size.
type Resize<'a> = (&'a str, &'a str, &'a str);

/// Templates of claims. A set keeps no track of claims that exist: it makes those that are missing.
pub(super) fn claim_templates(refused: Refused<'_>) -> Vec<WayOut> {
    let leave = |title: &str| way(title, Vec::new(), ("the change is not made", false));
    let adopted = |title: &str, cost: &str| refused.orphaned(title, (cost, false));
    let Some(resizes) = resizes(refused) else {
        return vec![
            adopted(
                "delete the set, keep its pods, and apply again: the pods are adopted",
                "no pod stops for it; claims that exist stay as they are, and only those that are still to be made follow the \
                 new template",
            ),
            leave("leave the templates as they were"),
        ];
    };
    if resizes.iter().any(|(_, old, new)| amount(new) < amount(old)) {
        return vec![
            leave("leave the size alone: no claim can shrink"),
            adopted(
                "delete the set, keep its pods, and apply again: the pods are adopted",
                "no pod stops for it; claims that exist keep their size, and only those that are still to be made are smaller",
            ),
        ];
    }
    let mut commands: Vec<String> = resizes.iter().flat_map(|(name, _, size)| grow(refused, name, size)).collect();
    let mut orphaned = refused.orphaned("", ("", false));
    commands.append(&mut orphaned.commands);
    let title = "grow the claims by hand, delete the set, keep its pods, and apply again: the pods are adopted";
    let cost = format!(
        "no pod stops for it; {}; a change of the template rolls the pods afterwards",
        expansion(refused, resizes.iter().map(|(name, ..)| *name))
    );
    vec![way(title, commands, (cost, false)), leave("leave the size alone")]
}

/// The claims whose size changes; `None` if anything else changes in the templates.
fn resizes(refused: Refused<'_>) -> Option<Vec<Resize<'_>>> {
    let (old, new) = (templates(refused.old)?, templates(refused.new)?);
    let of_templates = refused.findings.iter().map(|finding| finding.path.segments()).filter_map(|segments| {
        let rest = segments.get(2..)?;
        (segments[1].name() == Some("volumeClaimTemplates")).then(|| rest.to_vec())
    });
    let mut resizes = Vec::new();
    for segments in of_templates {
        let names: Vec<&str> = segments.iter().filter_map(|segment| segment.name()).collect();
        let (Some(Segment::Index(at)), ["spec", "resources", "requests", "storage"]) = (segments.first(), &names[..])
        else {
            return None;
        };
        let (old, new) = (old.get(*at)?, new.get(*at)?);
        resizes.push((new.metadata.name.as_deref()?, size(old)?, size(new)?));
    }
    (!resizes.is_empty()).then_some(resizes)
}

fn templates(object: &Object) -> Option<&[PersistentVolumeClaim]> {
    object.model::<StatefulSet>()?.spec.volume_claim_templates.as_deref()
}

fn size(claim: &PersistentVolumeClaim) -> Option<&str> {
    Some(claim.spec.as_ref()?.resources.as_ref()?.requests.as_ref()?.get("storage")?.0.as_str())
}

fn amount(text: &str) -> Option<Quantity> {
    Quantity::decode(text).ok()
}

/// The commands that grow the claims of all pods.
fn grow(refused: Refused<'_>, claim: &str, size: &str) -> Vec<String> {
    const FEW: i64 = 5;
    let set = &refused.old.identity.name;
    let spec = refused.old.model::<StatefulSet>().map(|set| &set.spec);
    let count = i64::from(spec.and_then(|spec| spec.replicas).unwrap_or(1));
    let start = i64::from(spec.and_then(|spec| spec.ordinals.as_ref()?.start).unwrap_or(0));
    let patch = |name: &str| {
        let patch = format!(r#"{{"spec":{{"resources":{{"requests":{{"storage":"{size}"}}}}}}}}"#);
        kubectl(refused.old, &format!("patch pvc {name} -p '{patch}'"))
    };
    let name = |ordinal: &str| quoted(&format!("{claim}-{set}-")) + ordinal;
    if count <= FEW {
        return (start..start + count).map(|ordinal| patch(&name(&ordinal.to_string()))).collect();
    }
    vec![format!("for i in $(seq {start} {}); do {}; done", start + count - 1, patch(&name("$i")))]
}

/// Whether the class of the claims lets them grow, as far as the input says.
fn expansion<'a>(refused: Refused<'_>, claims: impl Iterator<Item = &'a str>) -> String {
    let of_claim = |name: &str| {
        let claims = templates(refused.new)?;
        claims
            .iter()
            .find(|claim| claim.metadata.name.as_deref() == Some(name))?
            .spec
            .as_ref()?
            .storage_class_name
            .clone()
    };
    allows(refused, &claims.map(of_claim).collect::<Vec<_>>())
}

/// Whether classes let volumes grow, in words; `None` stands for the default class.
fn allows(refused: Refused<'_>, classes: &[Option<String>]) -> String {
    let find =
        |name: &Option<String>| refused.cluster.find("StorageClass", "", name.as_deref()?)?.model::<StorageClass>();
    for name in classes {
        let shown =
            name.as_deref().map_or("the default storage class".to_owned(), |name| format!("the storage class {name}"));
        match find(name).map(|class| class.allow_volume_expansion == Some(true)) {
            Some(true) => {}
            Some(false) => return format!("{shown} must first get `allowVolumeExpansion: true`, which it lacks"),
            None => return format!("{shown} must have `allowVolumeExpansion: true`, which the input does not say"),
        }
    }
    "the storage class lets them grow".to_owned()
}

/// A claim by itself.
pub(super) fn claim(refused: Refused<'_>, keeps: Keeps, finding: &Finding) -> Vec<WayOut> {
    if keeps == Keeps::UntilBound {
        let title = "wait until the claim is bound to a volume, and apply again";
        return vec![
            way(title, vec![refused.again()], ("a claim may wait for the first pod that uses it", false)),
            refused.anew(),
        ];
    }
    let field = finding.path.last().and_then(|segment| segment.name()).unwrap_or_default();
    let keep = match field {
        "storage" => way(
            "leave the size alone, or only grow it: no claim can shrink",
            Vec::new(),
            ("the change is not made", false),
        ),
        _ => way("leave it as it was", Vec::new(), ("the change is not made", false)),
    };
    let copy = way(
        "make a claim with another name, copy the data with a pod that mounts both, and refer to the new one",
        vec![refused.again()],
        ("nothing may write while the data is copied, and the pods roll", true),
    );
    vec![keep, copy, refused.anew()]
}

pub(super) fn volume(refused: Refused<'_>) -> Vec<WayOut> {
    let name = quoted(&refused.old.identity.name);
    let retain = format!(r#"kubectl patch pv {name} -p '{{"spec":{{"persistentVolumeReclaimPolicy":"Retain"}}}}'"#);
    let mut anew = refused.anew();
    anew.commands.insert(0, retain);
    vec![refused.under_another_name("claims that are bound to the old volume stay with it"), anew]
}

pub(super) fn class(refused: Refused<'_>) -> Vec<WayOut> {
    vec![
        refused.under_another_name("volumes of the old class stay as they are; claims must name the new one"),
        refused.anew(),
    ]
}
