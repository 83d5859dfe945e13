//! Jobs and `CronJob`s.
