//! `--limit`: what the stack's Rate Limiting bindings let through.

use std::str::FromStr;

/// The bindings' names and periods in seconds, as in wrangler.toml.
const BINDINGS: [(&str, &str, u32); 3] =
    [("client", "LIMIT_CLIENT", 10), ("token", "LIMIT_TOKEN", 10), ("bad", "LIMIT_BAD", 60)];
/// Out of the way of whoever develops or tests on one address.
const GENEROUS: u32 = 100_000;

/// How many calls go through within a period.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Limits {
    /// Of one client.
    client: u32,
    /// For one token.
    token: u32,
    /// Of one client with tokens that do not verify.
    bad: u32,
}

/// A Rate Limiting binding.
pub(crate) struct Binding {
    pub(crate) name: &'static str,
    /// Calls with one key within a period.
    pub(crate) limit: u32,
    /// In seconds.
    pub(crate) period: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { client: GENEROUS, token: GENEROUS, bad: GENEROUS }
    }
}

impl Limits {
    pub(crate) fn bindings(self) -> impl Iterator<Item = Binding> {
        let limits = [self.client, self.token, self.bad];
        BINDINGS.into_iter().zip(limits).map(|((_, name, period), limit)| Binding { name, limit, period })
    }
}

/// `client=N,token=N,bad=N`, each of them at most once; those that are missing stay generous.
impl FromStr for Limits {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut limits = Self::default();
        let mut seen = Vec::new();
        for part in text.split(',') {
            let (name, number) = part.split_once('=').ok_or("must be like client=1000,token=500,bad=30")?;
            let place = match name {
                "client" => &mut limits.client,
                "token" => &mut limits.token,
                "bad" => &mut limits.bad,
                _ => return Err(format!("{name:?} is none of client, token and bad")),
            };
            if seen.contains(&name) {
                return Err(format!("{name} stands twice"));
            }
            seen.push(name);
            *place = number.parse().ok().filter(|n| *n > 0).ok_or(format!("{name} must be a number of calls"))?;
        }
        Ok(limits)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;

    #[test]
    fn what_is_not_named_stays_generous() {
        let limits: Limits = "bad=5,client=7".parse().unwrap();
        assert_eq!(limits, Limits { client: 7, token: GENEROUS, bad: 5 });
        let told: Vec<_> = limits.bindings().map(|binding| (binding.name, binding.limit, binding.period)).collect();
        assert_eq!(told, [("LIMIT_CLIENT", 7, 10), ("LIMIT_TOKEN", GENEROUS, 10), ("LIMIT_BAD", 5, 60)]);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, named) in [
            ("", "must be like"),
            ("all=1", "\"all\""),
            ("bad=0", "bad must"),
            ("bad=x", "bad must"),
            ("bad=1,bad=2", "twice"),
        ] {
            let error = text.parse::<Limits>().unwrap_err();
            assert!(error.contains(named), "{text}: {error}");
        }
    }
}
