//! The time zones of schedules.
//!
//! Mirrors `validateTimeZone` and a part of `validateScheduleFormat` in
//! pkg/apis/batch/validation/validation.go (v1.36), and Go's `time.LoadLocation`.

use jiff::tz::{TimeZone, TimeZoneDatabase};

/// Whether the API server refuses a schedule because it contains `TZ`, wherever it stands.
///
/// Objects that had it before may keep it, unless they also have a `timeZone`.
pub fn has_forbidden_time_zone(schedule: &str) -> bool {
    schedule.contains("TZ")
}

/// What is wrong with the `timeZone` of a `CronJob`; nothing if it can be loaded.
///
/// ```
/// use seatrial::values::cron::time_zone_problems;
///
/// assert!(time_zone_problems("Europe/Paris").is_empty());
/// assert_eq!(time_zone_problems("Europe/Pari"), ["is no time zone of the IANA database"]);
/// ```
pub fn time_zone_problems(name: &str) -> Vec<&'static str> {
    if name.is_empty() {
        return vec!["must be absent or name a time zone"];
    }
    let is_part = |part: &str| {
        (1..=14).contains(&part.len())
            && part.bytes().all(|it| it.is_ascii_alphanumeric() || b".-_+".contains(&it))
            && part != "."
            && part != ".."
            && !part.starts_with('-')
    };
    if !name.split('/').all(is_part) {
        return vec!["is no name of a time zone"];
    }
    let mut problems = Vec::new();
    if name.eq_ignore_ascii_case("Local") {
        problems.push("must be a time zone of the IANA database, not the one of the machine");
    }
    if name != "Local" && load_time_zone(name).is_none() {
        problems.push("is no time zone of the IANA database");
    }
    problems
}

/// Finds a time zone as Go's `time.LoadLocation` does: capitals count, and no name means UTC. The database
/// is the one that is built in.
pub fn load_time_zone(name: &str) -> Option<TimeZone> {
    if name.is_empty() || name == "UTC" {
        return Some(TimeZone::UTC);
    }
    // The library finds names in any case and has a name for zones that it does not know. Only the bundled
    // database is asked, because the one of the machine would make results differ between machines.
    let found = TimeZoneDatabase::bundled().get(name).ok();
    found.filter(|it| it.iana_name() == Some(name) && !it.is_unknown())
}

/// The time zone that was probably meant by a name that is none.
///
/// ```
/// use seatrial::values::cron::suggest_time_zone;
///
/// assert_eq!(suggest_time_zone("europe/paris").as_deref(), Some("Europe/Paris"));
/// assert_eq!(suggest_time_zone("Paris").as_deref(), Some("Europe/Paris"));
/// assert_eq!(suggest_time_zone("UTC+2").as_deref(), Some("Etc/GMT-2"));
/// assert_eq!(suggest_time_zone("Narnia"), None);
/// ```
pub fn suggest_time_zone(name: &str) -> Option<String> {
    let name = name.trim().replace(' ', "_");
    if name.is_empty() {
        return None;
    }
    if let Some(zone) = fixed_offset(&name) {
        return Some(zone);
    }
    let mut zones: Vec<String> = TimeZoneDatabase::bundled().available().map(|it| it.to_string()).collect();
    zones.retain(|it| load_time_zone(it).is_some());
    zones.sort();
    let same = |it: &&String| it.eq_ignore_ascii_case(&name);
    let ends = |it: &&String| it.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(&name));
    if let Some(zone) = zones.iter().find(same).or_else(|| zones.iter().find(ends)) {
        return Some(zone.clone());
    }
    let likeness = |it: &String| strsim::normalized_damerau_levenshtein(it, &name);
    let likeliest = zones.into_iter().map(|it| (likeness(&it), it)).max_by(|one, other| one.0.total_cmp(&other.0));
    likeliest.filter(|(likeness, _)| *likeness >= 0.75).map(|(_, zone)| zone)
}

/// `UTC+2`, `GMT+02:00` and `+2` are two hours east of Greenwich, where the database counts from the other side.
fn fixed_offset(name: &str) -> Option<String> {
    let offset = name.strip_prefix("UTC").or_else(|| name.strip_prefix("GMT")).unwrap_or(name);
    let (sign, hours) = match (offset.strip_prefix('+'), offset.strip_prefix('-')) {
        (Some(hours), _) => ('-', hours),
        (_, Some(hours)) => ('+', hours),
        _ => return None,
    };
    let hours: u8 = hours.strip_suffix(":00").unwrap_or(hours).parse().ok()?;
    let zone = format!("Etc/GMT{sign}{hours}");
    load_time_zone(&zone).map(|_| zone)
}
