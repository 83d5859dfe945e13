//! The schedules of `CronJob`s: what never comes, and what comes at other times than it seems. What cannot be read is
//! admission's.

use k8s_openapi::api::batch::v1::CronJob;

use crate::admission::{FIELDS, Field, Piece};
use crate::cluster::Object;
use crate::finding::Findings;
use crate::source::Place;
use crate::values::cron::{self, Schedule};
use crate::yaml::Path;

fn path() -> Path {
    Path::root().fields(&["spec", "schedule"])
}

/// The schedule, if one is given.
fn schedule(object: &Object) -> Option<&str> {
    let text = object.model::<CronJob>()?.spec.schedule.as_str();
    (!text.is_empty()).then_some(text)
}

/// Where a part of the schedule stands in the manifest.
fn place(object: &Object, text: &str, piece: Piece<'_>) -> Place {
    object.place_in(&path(), text, piece.range())
}

/// Dates that no year has.
pub(in crate::rules) fn never_fires(object: &Object, out: &mut Findings) {
    let Some(text) = schedule(object) else { return };
    if Schedule::parse(text).is_ok_and(|schedule| schedule.never_fires()) {
        object
            .report(out, &path(), format!("the schedule `{text}` never comes: no time fits it"))
            .help("choose a day that its months have; to keep the CronJob from running, set `suspend: true`");
    }
}

/// In most places fields narrow each other down; these two do not.
pub(in crate::rules) fn either_day(object: &Object, out: &mut Findings) {
    let Some(text) = schedule(object) else { return };
    if !Schedule::parse(text).is_ok_and(|schedule| schedule.runs_on_either_day()) {
        return;
    }
    let fields: Vec<Piece<'_>> = Piece::fields(text).collect();
    let &[_, _, month_day, _, week_day] = fields.as_slice() else { return };
    let message = format!(
        "runs on every day that fits `{}` (day of the month) or `{}` (day of the week), not only on those that fit both",
        month_day.text, week_day.text
    );
    let finding = object.report(out, &path(), message);
    finding.primary.place = place(object, text, month_day);
    finding
        .related(place(object, text, week_day), "the other day field")
        .help("write `*` for one of them, and let the program look at the other");
}

/// The fields of a schedule that are one step over all numbers, with the step.
fn steps(text: &str) -> Vec<(&'static Field, Piece<'_>, u32)> {
    if Schedule::parse(text).is_err() || text.starts_with('@') || cron::has_forbidden_time_zone(text) {
        return Vec::new();
    }
    let step = |text: &str| text.strip_prefix("*/").or_else(|| text.strip_prefix("?/"))?.parse().ok();
    let fields = FIELDS.iter().zip(Piece::fields(text));
    fields.filter_map(|(field, piece)| Some((field, piece, step(piece.text)?))).collect()
}

/// As long a step as the field is harmless: `*/60` is every hour.
pub(in crate::rules) fn step_too_large(object: &Object, out: &mut Findings) {
    let Some(text) = schedule(object) else { return };
    for (field, piece, step) in steps(text).into_iter().filter(|(field, _, step)| *step > u32::from(field.count)) {
        let message = format!("`{}` is only {} {}, once in each {}", piece.text, field.name, field.min, field.around);
        let finding = object.report(out, &path(), message);
        finding.primary.place = place(object, text, piece);
        let every = match field.around {
            "hour" => format!("`@every {step}m`"),
            "day" => format!("`@every {step}h`"),
            "month" | "week" => format!("`@every {}h`", u64::from(step) * 24),
            _ => "several CronJobs".to_owned(),
        };
        finding.help(format!("list the times that you want, or write {every}"));
    }
}

/// Steps start anew with each hour, day, month, year or week.
pub(in crate::rules) fn uneven_step(object: &Object, out: &mut Findings) {
    let Some(text) = schedule(object) else { return };
    for (field, piece, step) in steps(text) {
        let count = u32::from(field.count);
        if step < 2 || step >= count || field.around != "month" && count.is_multiple_of(step) {
            continue;
        }
        let written = piece.text;
        let message = if field.around == "month" {
            format!("`{written}` starts anew with each month, whatever day the last one ended on")
        } else {
            // The last of 0, 7, 14 … 56 is followed by 0 again: after 60 - 56 = 4 minutes.
            let rest = count - (count - 1) / step * step;
            let unit = field.name.split(' ').next().unwrap_or(field.name);
            format!(
                "`{written}` does not divide the {} evenly: its last step has {rest}, not {step} {unit}s",
                field.around
            )
        };
        let finding = object.report(out, &path(), message);
        finding.primary.place = place(object, text, piece);
        finding
            .help("choose a step that divides it, or `@every` with a duration where the time of day does not matter");
    }
}
