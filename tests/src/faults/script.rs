//! The seeded script: which fault hits which transfer. Every line of the table comes round in each cycle, so that
//! nothing depends on luck; what a line leaves open is drawn.

use super::kind::{Fault, Hits, Kind, Phase};
use super::table::{ROWS, Row};
use crate::stack::content::Numbers;

/// Sizes of the objects, in bytes.
pub const SIZES: [u64; 5] = [0, 1, 1024, 100 * 1024, 3 * 1024 * 1024];

/// What a client asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// GET.
    Whole,
    /// GET with a Range.
    Part,
    /// HEAD.
    Head,
}

/// The three shapes.
pub const SHAPES: [Shape; 3] = [Shape::Whole, Shape::Part, Shape::Head];

/// A transfer and its fault.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Its place in the script.
    pub number: usize,
    /// The line of the table.
    pub row: Row,
    /// What is injected.
    pub fault: Fault,
    /// What is asked for.
    pub shape: Shape,
    /// The object, as a place in [`SIZES`].
    pub object: usize,
    /// First and last byte of the part that is asked for; the whole, if it is none.
    pub range: Option<(u64, u64)>,
    /// Whether the edge reads the whole body before it replies: then a body that breaks is a failure like any other.
    pub is_read_first: bool,
}

/// The first `count` transfers of the script that `seed` draws from `lines`, for an edge that reads whole objects of
/// at most `read_first` bytes before it replies.
pub fn plans(seed: u64, count: usize, lines: &[Line], read_first: Option<u64>) -> Vec<Plan> {
    let mut numbers = Numbers(seed);
    let mut lines = lines.to_vec();
    let mut plans = Vec::with_capacity(count);
    while plans.len() < count {
        shuffle(&mut lines, &mut numbers);
        for (row, phase, shape) in lines.iter().take(count - plans.len()) {
            let plan = draw(plans.len(), *row, *phase, *shape, &mut numbers);
            let is_small = read_first.is_some_and(|most| SIZES[plan.object] <= most);
            plans.push(Plan { is_read_first: is_small && plan.shape == Shape::Whole, ..plan });
        }
    }
    plans
}

/// A line of the table, for one phase and one shape.
pub type Line = (Row, Phase, Shape);

/// The lines of the kinds that `wanted` picks, for every phase and shape that they have outcomes for.
pub fn lines(wanted: impl Fn(Kind) -> bool) -> Vec<Line> {
    let rows = ROWS.iter().filter(|row| wanted(row.kind));
    let phases = rows.flat_map(|row| row.phases.iter().map(move |phase| (row, *phase)));
    let shapes = phases.flat_map(|(row, phase)| SHAPES.map(|shape| (*row, phase, shape)));
    shapes.filter(|(row, _, shape)| !row.outcomes(*shape).is_empty()).collect()
}

fn draw(number: usize, row: Row, phase: Phase, shape: Shape, numbers: &mut Numbers) -> Plan {
    let hits = if numbers.below(2) == 0 { Hits::First } else { Hits::All };
    let fault = Fault { kind: row.kind, phase, hits, place: numbers.next_number() >> 1 };
    // A part has at least one byte, and one that is no other part at least one beside it.
    let fewest = row.kind.fewest_bytes(phase).max(u64::from(shape == Shape::Part));
    let fitting: Vec<usize> = (0..SIZES.len()).filter(|place| SIZES[*place] >= fewest).collect();
    let object = *numbers.pick(&fitting);
    let range = (shape == Shape::Part).then(|| {
        let size = SIZES[object];
        let length = fewest + below(numbers, size - fewest + 1);
        let first = below(numbers, size - length + 1);
        (first, first + length - 1)
    });
    Plan { number, row, fault, shape, object, range, is_read_first: false }
}

fn below(numbers: &mut Numbers, end: u64) -> u64 {
    numbers.next_number() % end.max(1)
}

fn shuffle<T>(items: &mut [T], numbers: &mut Numbers) {
    for place in (1..items.len()).rev() {
        items.swap(place, numbers.below(place + 1));
    }
}

impl Plan {
    /// Whether the client is to lose patience soon: the fault is a silence in the body, and only the client's own
    /// limit ends it.
    pub fn is_silent_in_body(&self) -> bool {
        !self.is_read_first
            && self.row.kind == Kind::Stall
            && matches!(self.fault.phase, Phase::BodyStart | Phase::BodyMiddle)
    }
}
