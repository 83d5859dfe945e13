//! Numbers that may be a percentage: `maxSurge`, `maxUnavailable`, `minAvailable`.
//!
//! Mirrors `GetScaledValueFromIntOrPercent` in k8s.io/apimachinery/pkg/util/intstr/intstr.go and
//! `ResolveFenceposts` in `pkg/controller/deployment/util/deployment_util.go` (v1.36). Left out: the
//! deprecated `GetValueFromIntOrPercent`, which reads strings without `%` as percentages.

/// A field that takes a number or a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntOrString {
    /// A number, which means itself.
    Int(i32),
    /// A text, which should be a percentage.
    String(String),
}

impl IntOrString {
    /// Reads a text as command lines do: a number where it is one.
    pub fn parse(text: &str) -> IntOrString {
        text.parse().map_or_else(|_| IntOrString::String(text.to_owned()), IntOrString::Int)
    }

    /// What the field means for a total, with fractions rounded up or down.
    ///
    /// A quarter of ten pods is two pods and a half:
    ///
    /// ```
    /// use seatrial::values::int_or_string::{IntOrString, Rounding};
    ///
    /// let quarter = IntOrString::parse("25%");
    /// assert_eq!(quarter.scaled(10, Rounding::Up), Ok(3));
    /// assert_eq!(quarter.scaled(10, Rounding::Down), Ok(2));
    /// assert_eq!(IntOrString::parse("25").scaled(10, Rounding::Up), Ok(25));
    /// assert!(IntOrString::parse("a quarter").scaled(10, Rounding::Up).is_err());
    /// ```
    pub fn scaled(&self, total: i32, rounding: Rounding) -> Result<i32, PercentError> {
        let text = match self {
            IntOrString::Int(number) => return Ok(*number),
            IntOrString::String(text) => text,
        };
        let percent = text.strip_suffix('%').ok_or_else(|| PercentError::NoPercentage(text.clone()))?;
        let percent: i64 = percent.parse().map_err(|_| PercentError::NoNumber(text.clone()))?;
        let hundredths = i128::from(percent) * i128::from(total);
        let scaled = match rounding {
            Rounding::Up => -(-hundredths).div_euclid(100),
            Rounding::Down => hundredths.div_euclid(100),
        };
        // No pod count gets near these bounds; upstream would wrap around.
        Ok(i32::try_from(scaled).unwrap_or(if scaled < 0 { i32::MIN } else { i32::MAX }))
    }
}

impl From<&k8s_openapi::apimachinery::pkg::util::intstr::IntOrString> for IntOrString {
    fn from(value: &k8s_openapi::apimachinery::pkg::util::intstr::IntOrString) -> IntOrString {
        use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString as Typed;
        match value {
            Typed::Int(number) => IntOrString::Int(*number),
            Typed::String(text) => IntOrString::String(text.clone()),
        }
    }
}

/// What happens to half a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Half a pod counts as one, as in `maxSurge` and in the `minAvailable` of a budget.
    Up,
    /// Half a pod counts as none, as in the `maxUnavailable` of a Deployment.
    Down,
}

/// Why a text is no percentage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PercentError {
    /// The text does not end in `%`. Numbers in quotes are such texts.
    #[error("`{0}` is neither a number nor a percentage")]
    NoPercentage(String),
    /// There is no whole number before the `%`.
    #[error("`{0}` is no percentage, because a whole number has to precede the `%`")]
    NoNumber(String),
}

/// How far a rolling update may go beyond and below the wanted number of pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fenceposts {
    /// Pods beyond the wanted number.
    pub max_surge: i32,
    /// Pods that may be unavailable.
    pub max_unavailable: i32,
}

/// Resolves both at once, because a rollout with neither cannot move: if both come out as zero, one pod may
/// be unavailable. An absent field counts as zero.
///
/// ```
/// use seatrial::values::int_or_string::{Fenceposts, IntOrString, resolve_fenceposts};
///
/// let resolve = |surge, unavailable, desired| {
///     let (surge, unavailable) = (IntOrString::parse(surge), IntOrString::parse(unavailable));
///     resolve_fenceposts(Some(&surge), Some(&unavailable), desired).map(|it| (it.max_surge, it.max_unavailable))
/// };
/// // Ten pods, a quarter each way: up to 13 pods, at least 8 of them available.
/// assert_eq!(resolve("25%", "25%", 10), Ok((3, 2)));
/// // Three pods: a quarter is less than one pod, so none may be unavailable and one more comes first.
/// assert_eq!(resolve("25%", "25%", 3), Ok((1, 0)));
/// // Two pods, no surge: 1 % of two rounds down to nothing, so that one may be unavailable all the same.
/// assert_eq!(resolve("0%", "1%", 2), Ok((0, 1)));
/// ```
pub fn resolve_fenceposts(
    max_surge: Option<&IntOrString>,
    max_unavailable: Option<&IntOrString>,
    desired: i32,
) -> Result<Fenceposts, PercentError> {
    let max_surge = max_surge.map_or(Ok(0), |it| it.scaled(desired, Rounding::Up))?;
    let max_unavailable = max_unavailable.map_or(Ok(0), |it| it.scaled(desired, Rounding::Down))?;
    let stuck = max_surge == 0 && max_unavailable == 0;
    Ok(Fenceposts { max_surge, max_unavailable: if stuck { 1 } else { max_unavailable } })
}

#[cfg(test)]
mod tests {
    use super::{Fenceposts, IntOrString, PercentError, Rounding, resolve_fenceposts};

    fn scaled(text: &str, total: i32) -> (i32, i32) {
        let value = IntOrString::String(text.to_owned());
        let scaled = |rounding| value.scaled(total, rounding).expect("the tests write percentages");
        (scaled(Rounding::Down), scaled(Rounding::Up))
    }

    #[test]
    fn whole_results_are_not_rounded() {
        assert_eq!(scaled("50%", 10), (5, 5));
        assert_eq!(scaled("200%", 7), (14, 14));
        assert_eq!(scaled("+5%", 20), (1, 1));
        assert_eq!(scaled("007%", 100), (7, 7));
        assert_eq!(scaled("100%", 0), (0, 0));
    }

    #[test]
    fn negative_percentages_are_rounded_by_value() {
        assert_eq!(scaled("-5%", 10), (-1, 0));
        assert_eq!(scaled("-25%", 10), (-3, -2));
    }

    #[test]
    fn results_beyond_an_int32_stay_at_its_bounds() {
        assert_eq!(scaled("9223372036854775807%", i32::MAX), (i32::MAX, i32::MAX));
        assert_eq!(scaled("-9223372036854775808%", i32::MAX), (i32::MIN, i32::MIN));
    }

    #[test]
    fn a_number_in_quotes_is_no_percentage() {
        let scaled = |text: &str| IntOrString::String(text.to_owned()).scaled(10, Rounding::Up);
        assert_eq!(scaled("3"), Err(PercentError::NoPercentage("3".to_owned())));
        for text in ["%", " 5%", "5 %", "1.5%", "5%%", "1_0%", "0x5%", "99999999999999999999%"] {
            assert_eq!(scaled(text), Err(PercentError::NoNumber(text.to_owned())));
        }
    }

    #[test]
    fn absent_fields_still_let_one_pod_go() {
        let moved = Fenceposts { max_surge: 0, max_unavailable: 1 };
        assert_eq!(resolve_fenceposts(None, None, 5), Ok(moved));
        assert_eq!(resolve_fenceposts(None, None, 0), Ok(moved));
    }
}
