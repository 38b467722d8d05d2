//! What a deployment to the emulator does not show. Each gap stands here with what covers it instead, and is looked for
//! at every run: one that is not written down fails, and so does one that is no longer there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::bail;

use super::account::Resource;

/// The physical id of a resource that the emulator passed over.
const NOT_MADE_ID: &str = "unknown";

/// What is known about a gap.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gap {
    /// The type of a resource, or a rule.
    pub(crate) what: &'static str,
    /// What shows it in the place of the emulator.
    pub(crate) instead: &'static str,
}

const TEMPLATE: &str = "cargo xtask infra check: the transformed template against the rules and the code";
const LIVE: &str = "cargo xtask doctor against a real deployment";

/// Types of resources that the emulator passes over.
pub(crate) const NOT_MADE: [Gap; 5] = [
    Gap { what: "AWS::Budgets::Budget", instead: TEMPLATE },
    Gap { what: "AWS::CloudWatch::Dashboard", instead: TEMPLATE },
    Gap { what: "AWS::CodeDeploy::Application", instead: TEMPLATE },
    Gap { what: "AWS::CodeDeploy::DeploymentGroup", instead: TEMPLATE },
    Gap { what: "AWS::Logs::MetricFilter", instead: TEMPLATE },
];

/// Types that it takes for made and that do nothing there.
pub(crate) const IDLE: [Gap; 3] = [
    Gap { what: "AWS::CloudWatch::Alarm", instead: TEMPLATE },
    Gap { what: "AWS::Scheduler::Schedule", instead: "its input is sent here once, to the function that it names" },
    Gap { what: "AWS::SecretsManager::RotationSchedule", instead: "the rotation is asked for here, by hand" },
];

/// Rules that it keeps and does not enforce. Each has a probe of this name: see `probes`.
pub(crate) const NOT_ENFORCED: [Gap; 4] = [
    Gap { what: "policies of identities", instead: TEMPLATE },
    Gap { what: "the bucket's policy", instead: TEMPLATE },
    Gap { what: "signatures in headers", instead: "end-to-end tests against dev-s3, which verifies them" },
    Gap { what: "IAM authorisation of the Function URL", instead: "end-to-end tests: the dev signer verifies calls" },
];

/// Settings of the bucket that do not arrive there. Each has a probe: see `probes`.
pub(crate) const LOST: [Gap; 2] = [
    Gap { what: "the bucket's lifecycle rules", instead: TEMPLATE },
    Gap { what: "the bucket's access log", instead: TEMPLATE },
];

/// What is not there at all, and no probe can find.
pub(crate) const ABSENT: [Gap; 6] = [
    Gap {
        what: "end-to-end suites that start stacks of their own kind, stop parts, or count what reached S3",
        instead: "cargo xtask test: against the development stack",
    },
    Gap { what: "patterns and rules of the templates' parameters", instead: "cfn-lint, in cargo xtask infra check" },
    Gap { what: "HTTPS between the parts, and names of AWS: all connect to one port of loopback", instead: LIVE },
    Gap {
        what: "Lambda's sandbox: memory, freezing between calls, arm64",
        instead: "cargo xtask build signer checks the program; the rest by smoke after a deployment",
    },
    Gap { what: "Cloudflare's network: workerd runs the Worker here", instead: "cargo xtask smoke after a deployment" },
    Gap { what: "time: retention, schedules, alarms", instead: TEMPLATE },
];

/// What became of the resources of a deployment.
#[derive(Debug)]
pub(crate) struct Made {
    kinds: BTreeMap<String, usize>,
    not_made: BTreeMap<String, Vec<String>>,
}

impl Made {
    pub(crate) fn of(resources: &[Resource]) -> Self {
        let mut made = Self { kinds: BTreeMap::new(), not_made: BTreeMap::new() };
        for resource in resources {
            *made.kinds.entry(resource.kind.clone()).or_default() += 1;
            if resource.physical_id == NOT_MADE_ID {
                made.not_made.entry(resource.kind.clone()).or_default().push(resource.logical_id.clone());
            }
        }
        made
    }

    /// Compares what the emulator made with what is written down.
    ///
    /// # Errors
    /// Every difference, with what to do about it.
    pub(crate) fn check(&self, known: &[Gap], idle: &[Gap]) -> anyhow::Result<()> {
        let known: BTreeSet<&str> = known.iter().map(|gap| gap.what).collect();
        let mut faults = String::new();
        for (kind, names) in &self.not_made {
            if !known.contains(kind.as_str()) {
                let names = names.join(", ");
                writeln!(
                    faults,
                    "  the emulator did not make {kind} ({names}): say in NOT_MADE what shows it instead"
                )?;
            }
        }
        for kind in known {
            match self.kinds.contains_key(kind) {
                false => writeln!(faults, "  NOT_MADE names {kind}, which the template does not have: take it out")?,
                true if !self.not_made.contains_key(kind) => {
                    writeln!(faults, "  NOT_MADE names {kind}, which the emulator makes now: take it out")?;
                }
                true => {}
            }
        }
        for gap in idle {
            if !self.kinds.contains_key(gap.what) {
                writeln!(faults, "  IDLE names {}, which the template does not have: take it out", gap.what)?;
            }
        }
        if !faults.is_empty() {
            bail!(
                "the list of what the emulator does not cover (xtask/src/infra/deploy/gaps.rs) is not true:\n{faults}"
            );
        }
        Ok(())
    }

    /// How many resources there are, and how many of them the emulator made.
    fn counts(&self) -> (usize, usize) {
        let all = self.kinds.values().sum();
        let not_made: usize = self.not_made.values().map(Vec::len).sum();
        (all, all - not_made)
    }
}

/// What a template holds that is not deployed here: its file, and the types of its resources.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub(crate) file: String,
    pub(crate) kinds: BTreeSet<String>,
}

impl LeftOut {
    /// Reads the types from the text of a template: each stands on a line of its own.
    pub(crate) fn of(file: &str, text: &str) -> Self {
        let kind = |line: &str| {
            let kind = line.trim().strip_prefix("Type:")?.trim().trim_matches(['"', '\'']);
            (kind.starts_with("AWS::") && kind.matches("::").count() == 2 && !kind.starts_with("AWS::SSM::Parameter::"))
                .then(|| kind.to_owned())
        };
        Self { file: file.into(), kinds: text.lines().filter_map(kind).collect() }
    }
}

/// The report for a person.
pub(crate) fn report(made: &Made, left_out: &[LeftOut]) -> String {
    let (all, there) = made.counts();
    let mut text = format!("what this deployment shows: {there} of {all} resources were made by the emulator\n");
    text.push_str("what it could not cover, and what does instead:\n");
    let mut line = |what: &str, instead: &str| {
        text.push_str(&format!("  {what}\n      {instead}\n"));
    };
    for gap in NOT_MADE {
        line(&format!("not made: {} ({})", gap.what, made.not_made.get(gap.what).map_or(0, Vec::len)), gap.instead);
    }
    for gap in IDLE {
        line(&format!("made, and idle: {}", gap.what), gap.instead);
    }
    for gap in LOST {
        line(&format!("not set: {}", gap.what), gap.instead);
    }
    for gap in NOT_ENFORCED {
        line(&format!("not enforced: {}", gap.what), gap.instead);
    }
    for gap in ABSENT {
        line(&format!("not there: {}", gap.what), gap.instead);
    }
    for LeftOut { file, kinds } in left_out {
        let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
        line(&format!("not deployed: {file}: {}", kinds.join(", ")), TEMPLATE);
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;

    fn resource(kind: &str, physical_id: &str) -> Resource {
        Resource { logical_id: "Name".into(), kind: kind.into(), physical_id: physical_id.into() }
    }

    #[test]
    fn every_difference_is_named() {
        let made =
            Made::of(&[resource("AWS::A::A", "unknown"), resource("AWS::B::B", "b"), resource("AWS::C::C", "unknown")]);
        let gap = |what| Gap { what, instead: "" };
        made.check(&[gap("AWS::A::A"), gap("AWS::C::C")], &[gap("AWS::B::B")]).unwrap();
        let error = |known: &[Gap], idle: &[Gap]| made.check(known, idle).unwrap_err().to_string();
        assert!(error(&[gap("AWS::A::A")], &[]).contains("did not make AWS::C::C (Name)"));
        let all = [gap("AWS::A::A"), gap("AWS::C::C"), gap("AWS::B::B")];
        assert!(error(&all, &[]).contains("AWS::B::B, which the emulator makes now"));
        let all = [gap("AWS::A::A"), gap("AWS::C::C"), gap("AWS::D::D")];
        assert!(error(&all, &[]).contains("AWS::D::D, which the template does not have"));
        assert!(error(&all[..2], &[gap("AWS::D::D")]).contains("IDLE names AWS::D::D"));
        assert_eq!(made.counts(), (3, 1));
    }

    #[test]
    fn types_of_a_template_are_read_from_its_text() {
        let text = "Parameters:\n  A:\n    Type: AWS::SSM::Parameter::Value<String>\n  B:\n    Type: String\nResources:\n  \
                    C:\n    Type: AWS::WAFv2::WebACL\n  D:\n    Type: 'AWS::CloudFront::Distribution'\n";
        let kinds = LeftOut::of("edge.yaml", text).kinds;
        assert_eq!(Vec::from_iter(kinds), ["AWS::CloudFront::Distribution", "AWS::WAFv2::WebACL"]);
    }
}
