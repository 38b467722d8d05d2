//! What each worker showed in each round, and what is made of it.

use crate::stats::Spread;
use crate::subject::Kind;

/// One sample per worker and round, in the order of the rounds.
#[derive(Debug)]
pub(crate) struct Samples<S>(Vec<(Kind, Vec<S>)>);

impl<S> Samples<S> {
    pub(crate) fn new(kinds: &[Kind]) -> Self {
        Self(kinds.iter().map(|kind| (*kind, Vec::new())).collect())
    }

    pub(crate) fn push(&mut self, kind: Kind, sample: S) {
        if let Some((_, samples)) = self.0.iter_mut().find(|(own, _)| *own == kind) {
            samples.push(sample);
        } else {
            self.0.push((kind, vec![sample]));
        }
    }

    pub(crate) fn spread(&self, kind: Kind, field: impl Fn(&S) -> f64) -> Option<Spread> {
        Spread::of(self.of(kind)?.iter().map(field))
    }

    /// `field` of one worker over that of another in the same round; `None` for a worker over itself.
    pub(crate) fn ratio(&self, over: Kind, under: Kind, field: impl Fn(&S) -> f64) -> Option<Spread> {
        if over == under {
            return None;
        }
        let pairs = self.of(over)?.iter().zip(self.of(under)?);
        Spread::of(pairs.map(|(over, under)| field(over) / field(under)))
    }

    /// One row for each worker that has samples.
    pub(crate) fn rows<R>(&self, row: impl Fn(Kind) -> Option<R>) -> Vec<R> {
        self.0.iter().filter_map(|(kind, _)| row(*kind)).collect()
    }

    fn of(&self, kind: Kind) -> Option<&[S]> {
        self.0.iter().find(|(own, _)| *own == kind).map(|(_, samples)| samples.as_slice())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;

    #[test]
    fn ratios_pair_the_rounds() {
        let mut samples = Samples::new(&[Kind::Edge]);
        for (edge, jose) in [(2.0, 1.0), (9.0, 3.0), (4.0, 4.0)] {
            samples.push(Kind::Edge, edge);
            samples.push(Kind::Jose, jose);
        }
        let ratio = samples.ratio(Kind::Edge, Kind::Jose, |value| *value).unwrap();
        // Of the rounds 2, 3 and 1; the ratio of the medians would be 4 / 3.
        assert!((ratio.median - 2.0).abs() < 1e-12);
        assert!((ratio.least - 1.0).abs() < 1e-12 && (ratio.greatest - 3.0).abs() < 1e-12);
        assert!(samples.ratio(Kind::Edge, Kind::Edge, |value| *value).is_none());
        assert!(samples.ratio(Kind::Edge, Kind::PassThrough, |value| *value).is_none());
    }
}
