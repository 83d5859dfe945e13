//! Schedules against what the controller computes.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::{CronError, Schedule, load_time_zone, time_zone_problems};

fn next(schedule: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
    let schedule = Schedule::parse(schedule).expect("the tests write schedules");
    let zone = load_time_zone(zone).expect("the tests write time zones");
    let from: Timestamp = from.parse().expect("the tests write times");
    let times = std::iter::successors(Some(from), |it| schedule.next_after(*it, &zone));
    times.skip(1).take(count).map(|it| it.to_string()).collect()
}

#[test]
fn oddities_of_the_library_are_accepted() {
    for (odd, plain) in [
        ("1,,2 * * * *", "1,2 * * * *"),
        ("1, * * * *", "1 * * * *"),
        ("+5 * * * *", "5 * * * *"),
        ("*-5 * * * *", "* * * * *"),
        ("*-x-y * * * *", "* * * * *"),
        ("? ? ? ? ?", "* * * * *"),
        ("*/1 * * * *", "* * * * *"),
        ("5/70 * * * *", "5 * * * *"),
        ("50/5 * * * *", "50,55 * * * *"),
        ("0 0 * jAn-MaR sun", "0 0 * 1-3 0"),
        ("\t0\u{a0}0 1 1 *\n", "@yearly"),
        ("007 * * * *", "7 * * * *"),
        ("@every 1500ms", "@every 1s"),
        ("@every -1h", "@every 1s"),
    ] {
        assert_eq!(Schedule::parse(odd), Schedule::parse(plain), "{odd:?}");
        assert!(Schedule::parse(odd).is_ok(), "{odd:?}");
    }
}

#[test]
fn what_other_crontabs_know_is_refused() {
    for text in [
        "",
        " ",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 0 *",
        "* * * 13 *",
        "* * * * 7",
        "* * * * MON#1",
        "* * L * *",
        "* * 15W * *",
        "5-1 * * * *",
        "* * * * FRI-MON",
        "*/0 * * * *",
        "1-2-3 * * * *",
        "1/2/3 * * * *",
        "-5 * * * *",
        "1- * * * *",
        "* * * january *",
        "@Daily",
        "@reboot",
        "@every",
        "@every 1d",
        "@every  1h",
        "daily",
        "1.5 * * * *",
        "mon * * * *",
        " @daily",
        "9223372036854775808 * * * *",
        "TZ=UTC",
        "TZ=UTC\t* * * * *",
        "TZ=Mars/Olympus * * * * *",
        "TZ=utc * * * * *",
        "TZ=UTC ",
    ] {
        assert!(Schedule::parse(text).is_err(), "{text:?}");
    }
    assert_eq!(Schedule::parse("* * *"), Err(CronError::FieldCount(3)));
}

#[test]
fn both_day_fields_have_to_hold_only_if_one_is_a_star() {
    assert_eq!(
        next("0 0 13 * 5", "UTC", "2026-03-28T00:00:00Z", 3),
        ["2026-04-03T00:00:00Z", "2026-04-10T00:00:00Z", "2026-04-13T00:00:00Z"]
    );
    assert_eq!(next("0 0 */1 * 5", "UTC", "2026-03-28T00:00:00Z", 1), ["2026-04-03T00:00:00Z"]);
    // With a step, a star loses its meaning: odd days or Fridays.
    assert_eq!(next("0 0 */2 * 5", "UTC", "2026-03-28T00:00:00Z", 2), ["2026-03-29T00:00:00Z", "2026-03-31T00:00:00Z"]);
}

#[test]
fn clocks_that_are_set_forward_leave_times_out() {
    assert_eq!(
        next("30 2 * * *", "Europe/Paris", "2026-03-28T00:00:00Z", 3),
        ["2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z"]
    );
}

#[test]
fn clocks_that_are_set_back_repeat_times() {
    assert_eq!(
        next("30 2 * * *", "Europe/Paris", "2026-10-24T12:00:00Z", 3),
        ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"]
    );
}

#[test]
fn a_day_without_midnight_is_left_out_in_the_east() {
    // Clocks in Beirut go from 00:00 to 01:00 on 29 March 2026.
    assert_eq!(next("0 12 29,30 * *", "Asia/Beirut", "2026-03-27T12:00:00Z", 1), ["2026-03-30T09:00:00Z"]);
}

#[test]
fn a_zone_in_the_text_wins() {
    assert_eq!(
        next("CRON_TZ=Asia/Tokyo 0 3 * * *", "Europe/Paris", "2026-03-28T00:00:00Z", 1),
        ["2026-03-28T18:00:00Z"]
    );
    assert_eq!(next("TZ= 0 3 * * *", "Asia/Tokyo", "2026-03-28T00:00:00Z", 1), ["2026-03-28T03:00:00Z"]);
    assert_eq!(next("TZ=Local 0 3 * * *", "Asia/Tokyo", "2026-03-28T00:00:00Z", 1), ["2026-03-28T18:00:00Z"]);
}

#[test]
fn a_date_more_than_five_years_away_is_given_up() {
    assert_eq!(next("0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", 1), Vec::<String>::new());
    assert_eq!(next("0 0 29 2 *", "UTC", "2026-03-01T00:00:00Z", 1), ["2028-02-29T00:00:00Z"]);
}

#[test]
fn impossible_dates_are_seen() {
    for text in ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *", ", * * * *", "* , * * *", "* * * , *", "* * , * *", "* * , * ,"] {
        let schedule = Schedule::parse(text).expect("the tests write schedules");
        assert!(schedule.never_fires(), "{text}");
        assert_eq!(schedule.next_after(Timestamp::UNIX_EPOCH, &TimeZone::UTC), None, "{text}");
    }
    for text in ["0 0 29 2 *", "0 0 31 2 1", "* * , * 1", "0 0 31 1,2 *", "@every 1h"] {
        let schedule = Schedule::parse(text).expect("the tests write schedules");
        assert!(!schedule.never_fires(), "{text}");
    }
}

#[test]
fn a_day_that_never_was_does_not_hang() {
    assert_eq!(next("0 0 30 12 *", "Pacific/Apia", "2011-12-28T00:00:00Z", 1), Vec::<String>::new());
}

#[test]
fn time_zones_are_names_of_the_database() {
    for name in ["UTC", "Europe/Paris", "US/Eastern", "CET", "EST5EDT", "Etc/GMT+5", "America/Argentina/Buenos_Aires"] {
        assert!(time_zone_problems(name).is_empty(), "{name}");
    }
    for (name, problems) in [
        ("", 1),
        ("Local", 1),
        ("local", 2),
        ("europe/paris", 1),
        ("Europe", 1),
        ("Europe/", 1),
        ("/UTC", 1),
        ("../UTC", 1),
        ("A//B", 1),
        ("-UTC", 1),
        ("Europe Paris", 1),
        ("GMT+05:00", 1),
        ("Etc/Unknown", 1),
        ("America/NorthDakotaCenter", 1),
    ] {
        assert_eq!(time_zone_problems(name).len(), problems, "{name}");
    }
}

fn field() -> impl Strategy<Value = String> {
    prop_oneof![Just("*".to_owned()), "[1-6](-[7-9])?(/[1-9])?", "\\*/[1-9]", "[1-6](,[1-6]){1,3}"]
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".*") {
        let _ = Schedule::parse(&text);
    }

    #[test]
    fn times_increase_and_fall_on_whole_minutes(
        fields in proptest::collection::vec(field(), 4),
        from in 0_i64..4_000_000_000,
        zone in prop_oneof![Just("UTC"), Just("Europe/Paris"), Just("Australia/Lord_Howe"), Just("Asia/Beirut")],
    ) {
        let schedule = Schedule::parse(&format!("{} *", fields.join(" ")));
        let (Ok(schedule), Some(zone)) = (schedule, load_time_zone(zone)) else { return Ok(()) };
        let mut time = Timestamp::from_second(from).expect("in range");
        for _ in 0..5 {
            let Some(next) = schedule.next_after(time, &zone) else { return Ok(()) };
            prop_assert!(next > time);
            prop_assert_eq!(zone.to_datetime(next).second(), 0);
            time = next;
        }
    }
}

#[test]
fn two_restricted_day_fields_are_alternatives() {
    let either = |text: &str| Schedule::parse(text).expect("is a schedule").runs_on_either_day();
    assert!(either("0 0 1-7 * 1"));
    assert!(either("0 0 */2 * 1"));
    for both in ["0 0 * * 1", "0 0 1 * *", "0 0 */1 * 1", "0 0 1 * ?", "@weekly", "@every 1h"] {
        assert!(!either(both), "{both}");
    }
}
