//! Jobs and `CronJobs`.
//!
//! Mirrors pkg/apis/batch/validation, and the strategies in pkg/registry/batch (v1.36).

mod cron_job;
mod defaults;
mod generated_selector;
mod job;
mod policies;
mod schedule;
mod update;

pub(crate) use self::schedule::{FIELDS, Field, Piece};
