//! The small languages inside manifests: quantities, percentages, names, selectors, schedules, images, base64.
//!
//! Each file reads one language exactly as Kubernetes v1.36 does, with all its oddities, because a
//! manifest is accepted or refused by those libraries and not by their documentation. Nothing here knows
//! the rest of the crate, reads a clock or touches a file: text goes in, a value or an error comes out.
//!
//! | module | language | upstream |
//! |---|---|---|
//! | [`quantity`] | `500m`, `1.5Gi`, `12e6` | `resource.ParseQuantity` |
//! | [`ip`] | `10.96.0.10`, `10.96.0.0/16` | `ParseIPSloppy`, `ParseCIDRSloppy`, `net/netip` |
//! | [`int_or_string`] | `3`, `25%` of a total | `intstr.GetScaledValueFromIntOrPercent`, `ResolveFenceposts` |
//! | [`names`] | names, keys, labels, ports | `k8s.io/apimachinery/pkg/util/validation` |
//! | [`selector`] | label selectors, as fields and as text | `labels.Parse`, `metav1.LabelSelectorAsSelector` |
//! | [`cron`] | schedules of CronJobs and their next times | `robfig/cron` v3, `ParseStandard` |
//! | [`duration`] | `1h30m` | Go's `time.ParseDuration` |
//! | [`time`] | `2026-03-28T12:34:56Z` | Go's `time.Parse` with `time.RFC3339` |
//! | [`base64`] | bytes as text | Go's `encoding/base64`, `StdEncoding` |
//! | [`image`] | image references | `distribution/reference`, `ParseNormalizedNamed` |
//! | [`url`] | `https://example.com/path` | Go's `net/url`, `url.Parse` |

pub mod base64;
pub mod cron;
pub mod duration;
pub mod image;
pub mod int_or_string;
pub mod ip;
pub mod names;
pub mod quantity;
pub mod regexp;
pub mod selector;
pub mod time;
pub mod url;
