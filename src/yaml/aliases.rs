//! The limit on aliases: go-yaml refuses documents in which nearly all of the decoding is done through aliases.
//!
//! Mirrors `allowedAliasRatio` and the counters of `unmarshal` in `decode.go` of go-yaml v2.4: every node that is decoded
//! counts, again each time that an alias leads to it; the share of those is limited, and is checked at each node.

use std::collections::HashMap;

use super::tree::{Kind, NodeId, Tree};

/// The nodes of mappings as they are written, merge keys and repeated keys included.
pub(super) type Written = HashMap<NodeId, Vec<NodeId>>;

/// Whether decoding `root` exceeds the limit. `written` has the mappings that may hold aliases; `nodes` counts the nodes
/// of the others. The walk ends at the limit, so it takes a few million steps at worst, whatever the aliases unfold to.
pub(super) fn excessive(
    tree: &Tree,
    root: NodeId,
    written: &Written,
    is_merge: impl Fn(NodeId) -> bool,
    nodes: impl Fn(NodeId) -> u64,
) -> bool {
    let mut waiting = vec![(root, false)];
    // The document itself is a node.
    let (mut decoded, mut through_aliases) = (1u64, 0u64);
    while let Some((id, aliased)) = waiting.pop() {
        let whole = match tree.node(id).kind {
            Kind::Mapping(_) if !written.contains_key(&id) => nodes(id),
            _ => 1,
        };
        decoded += whole;
        through_aliases += if aliased { whole } else { 0 };
        if exceeds(decoded, through_aliases) {
            return true;
        }
        match tree.node(id).kind {
            Kind::Alias(target) => waiting.push((target, true)),
            Kind::Sequence(_) => waiting.extend(tree.items_of(id).iter().rev().map(|item| (*item, aliased))),
            Kind::Mapping(_) => {
                let children = written.get(&id).map_or(&[][..], Vec::as_slice);
                for pair in children.chunks_exact(2).rev() {
                    let (key, value) = (pair[0], pair[1]);
                    if !is_merge(key) {
                        waiting.push((value, aliased));
                        waiting.push((key, aliased));
                    } else if let Kind::Sequence(_) = tree.node(value).kind {
                        // The maps of a merged list are decoded from the last to the first.
                        waiting.extend(tree.items_of(value).iter().map(|item| (*item, aliased)));
                    } else {
                        waiting.push((value, aliased));
                    }
                }
            }
            Kind::Scalar { .. } | Kind::Tagged(_) => {}
        }
    }
    false
}

/// 99 % up to 400,000 nodes, 10 % from 4,000,000, and a straight line between them.
#[expect(clippy::cast_precision_loss, reason = "a ratio needs no more than 53 bits")]
fn exceeds(decoded: u64, through_aliases: u64) -> bool {
    const FEW: f64 = 400_000.0;
    const MANY: f64 = 4_000_000.0;
    if through_aliases <= 100 || decoded <= 1000 {
        return false;
    }
    let (total, aliased) = (decoded as f64, through_aliases as f64);
    let allowed = if total <= FEW {
        0.99
    } else if total >= MANY {
        0.10
    } else {
        0.99 - 0.89 * (total - FEW) / (MANY - FEW)
    };
    aliased / total > allowed
}
