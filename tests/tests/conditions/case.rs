//! A case from its number: what is asked, as values that the reference reads and as the text that core reads.

/// The opaque parts of all tags; one holds a comma.
pub(crate) const OPAQUE: [&str; 3] = ["v1", "v2", "a,b"];
/// Around this moment everything happens: 2026-03-01T00:00:00Z, the day after a February's end.
const BASE: i64 = 1_772_323_200;

#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) ask: Ask,
    /// The object at the first question, and, if there is a second, from the second on.
    pub(crate) objects: Vec<Object>,
    pub(crate) origin: crate::origin::Origin,
}

#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) size: u64,
    pub(crate) tag: Tag,
    /// Seconds since 1970.
    pub(crate) modified: Option<i64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Tag {
    pub(crate) weak: bool,
    pub(crate) opaque: &'static str,
}

/// A request: each field as it is meant.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    /// The version in the token.
    pub(crate) bound_to: Option<Tag>,
    pub(crate) range: Option<Range>,
    pub(crate) if_range: Option<IfRange>,
    pub(crate) if_match: Option<Tags>,
    pub(crate) if_none_match: Option<Tags>,
    pub(crate) if_modified_since: Option<Date>,
    pub(crate) if_unmodified_since: Option<Date>,
}

#[derive(Debug)]
pub(crate) enum Range {
    From {
        first: u64,
        last: Option<u64>,
    },
    Suffix(u64),
    /// Other units, several ranges, no range: the whole object. A newline divides two fields.
    Whole(String),
}

#[derive(Debug)]
pub(crate) enum IfRange {
    Tag(Tag),
    Date(Date),
    Garbage(&'static str),
}

#[derive(Debug)]
pub(crate) enum Tags {
    Any,
    /// The tags, and what stands between them; a newline divides two fields.
    List(Vec<Tag>, &'static str),
    Garbage(&'static str),
}

#[derive(Debug)]
pub(crate) enum Date {
    /// A moment, and the form that it is written in.
    At(i64, Form),
    Garbage(&'static str),
}

#[derive(Debug)]
pub(crate) enum Form {
    Imf,
    Rfc850,
    Asctime,
}

impl Tag {
    pub(crate) fn text(&self) -> String {
        format!("{}\"{}\"", if self.weak { "W/" } else { "" }, self.opaque)
    }
}

impl Tags {
    /// Whether one of them is met; `None` if they are no tags.
    pub(crate) fn any(&self, same: impl Fn(&Tag) -> bool) -> Option<bool> {
        match self {
            Self::Any => Some(true),
            Self::List(tags, _) => Some(tags.iter().any(same)),
            Self::Garbage(_) => None,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Any => "*".into(),
            Self::List(tags, between) => tags.iter().map(Tag::text).collect::<Vec<_>>().join(between),
            Self::Garbage(text) => (*text).into(),
        }
    }
}

impl Date {
    pub(crate) const fn moment(&self) -> Option<i64> {
        match self {
            Self::At(moment, _) => Some(*moment),
            Self::Garbage(_) => None,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::At(moment, Form::Imf) => imf(*moment),
            Self::At(moment, Form::Rfc850) => {
                let Civil { weekday, year, month, day, time } = civil(*moment);
                format!("{weekday}, {day:02}-{month}-{:02} {time} GMT", year % 100)
            }
            Self::At(moment, Form::Asctime) => {
                let Civil { weekday, year, month, day, time } = civil(*moment);
                format!("{} {month} {day:2} {time} {year}", &weekday[..3])
            }
            Self::Garbage(text) => (*text).into(),
        }
    }
}

impl Ask {
    /// The header fields.
    pub(crate) fn fields(&self) -> Vec<(&'static str, String)> {
        let range = self.range.as_ref().map(|range| match range {
            Range::From { first, last: Some(last) } => format!("bytes={first}-{last}"),
            Range::From { first, last: None } => format!("Bytes=, {first}-"),
            Range::Suffix(length) => format!("bytes=-{length}"),
            Range::Whole(text) => text.clone(),
        });
        let if_range = self.if_range.as_ref().map(|validator| match validator {
            IfRange::Tag(tag) => tag.text(),
            IfRange::Date(date) => date.text(),
            IfRange::Garbage(text) => (*text).into(),
        });
        let fields = [
            ("range", range),
            ("if-range", if_range),
            ("if-match", self.if_match.as_ref().map(Tags::text)),
            ("If-None-Match", self.if_none_match.as_ref().map(Tags::text)),
            ("if-modified-since", self.if_modified_since.as_ref().map(Date::text)),
            ("if-unmodified-since", self.if_unmodified_since.as_ref().map(Date::text)),
        ];
        let mut out = Vec::new();
        for (name, value) in fields {
            for line in value.iter().flat_map(|value| value.split('\n')) {
                out.push((name, line.to_string()));
            }
        }
        out
    }
}

impl Case {
    pub(crate) fn new(number: u64) -> Self {
        let mut dice = Dice(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut objects = vec![Object::new(&mut dice)];
        if dice.one_in(8) {
            objects.push(Object::new(&mut dice));
        }
        let modified = objects[0].modified.unwrap_or(BASE);
        let ask = Ask {
            method: dice.of(&["GET", "GET", "GET", "HEAD"]),
            bound_to: dice.maybe(8, |dice| Tag { weak: false, opaque: dice.of(&OPAQUE) }),
            range: dice.maybe(2, any_range),
            if_range: dice.maybe(3, |dice| match dice.below(8) {
                0..4 => IfRange::Tag(any_tag(dice)),
                4..7 => IfRange::Date(any_date(dice, modified)),
                _ => IfRange::Garbage(dice.of(&["v1", "*", "", "\"v1\", \"v2\"", "\"v1\"\n\"v1\"", "?"])),
            }),
            if_match: dice.maybe(4, any_tags),
            if_none_match: dice.maybe(4, any_tags),
            if_modified_since: dice.maybe(4, |dice| any_date(dice, modified)),
            if_unmodified_since: dice.maybe(4, |dice| any_date(dice, modified)),
        };
        Self { ask, objects, origin: crate::origin::Origin::new(&mut dice) }
    }
}

impl Object {
    fn new(dice: &mut Dice) -> Self {
        Self {
            size: dice.of(&[0, 1, 2, 10, 10, 100]),
            tag: Tag { weak: dice.one_in(10), opaque: dice.of(&OPAQUE) },
            modified: dice.maybe(1, |dice| BASE + dice.of(&[0, 0, 0, 1, 86_399, -1])).filter(|_| !dice.one_in(10)),
        }
    }
}

fn any_range(dice: &mut Dice) -> Range {
    let numbers = [0, 0, 1, 2, 9, 10, 11, 99, 100, u64::MAX];
    match dice.below(8) {
        0..3 => {
            let (a, b) = (dice.of(&numbers), dice.of(&numbers));
            Range::From { first: a.min(b), last: Some(a.max(b)) }
        }
        3..5 => Range::From { first: dice.of(&numbers), last: None },
        5..7 => Range::Suffix(dice.of(&numbers)),
        _ => Range::Whole(
            dice.of(&[
                "bytes=0-1,5-6",
                "bytes=0-1\nbytes=0-1",
                "bytes=5-1",
                "bytes=",
                "bytes",
                "bytes=-",
                "items=0-1",
                "bytes=a-b",
                "bytes=0-1;5",
                "bytes 0-1",
                "bytes=-1-2",
                "",
            ])
            .into(),
        ),
    }
}

fn any_tag(dice: &mut Dice) -> Tag {
    Tag { weak: dice.one_in(3), opaque: dice.of(&OPAQUE) }
}

fn any_tags(dice: &mut Dice) -> Tags {
    match dice.below(8) {
        0 => Tags::Any,
        1 => {
            Tags::Garbage(dice.of(&["v1", "", ",", "\"v1", "*, \"v1\"", "\"v1\" \"v2\"", "w/\"v1\"", "*\n*", "\"v 1"]))
        }
        2..5 => Tags::List(vec![any_tag(dice)], ","),
        _ => {
            let tags = (0..2 + dice.below(2)).map(|_| any_tag(dice)).collect();
            Tags::List(tags, dice.of(&[", ", ",", ",, ,", "\n", " ,\t"]))
        }
    }
}

fn any_date(dice: &mut Dice, modified: i64) -> Date {
    if dice.one_in(6) {
        return Date::Garbage(dice.of(&[
            "yesterday",
            "",
            "0",
            "Mon, 01 Mar 2026 00:00:00 GMT", // a Sunday
            "Sun, 01 Mar 2026 00:00:00",     // no zone
            "Sun, 01 Mar 2026 00:00:00 GMT\nSun, 01 Mar 2026 00:00:00 GMT",
            "Sun, 29 Feb 2026 00:00:00 GMT",
            "2026-03-01T00:00:00Z",
        ]));
    }
    let moment = modified + dice.of(&[0, 0, 0, 1, -1, 86_400, -86_400, 900_000_000, -900_000_000]);
    Date::At(moment, [Form::Imf, Form::Imf, Form::Rfc850, Form::Asctime].into_iter().nth(dice.below(4)).unwrap())
}

/// Splitmix64: small, and the same everywhere.
pub(crate) struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.roll() % end as u64) as usize
    }

    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    fn maybe<T>(&mut self, one_in: usize, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.one_in(one_in) { Some(make(self)) } else { None }
    }
}

/// IMF-fixdate.
pub(crate) fn imf(moment: i64) -> String {
    let Civil { weekday, year, month, day, time } = civil(moment);
    format!("{}, {day:02} {month} {year:04} {time} GMT", &weekday[..3])
}

struct Civil {
    weekday: &'static str,
    year: i64,
    month: &'static str,
    day: i64,
    time: String,
}

/// The calendar by counting, written apart from core's so that one can be wrong without the other.
fn civil(moment: i64) -> Civil {
    let (days, second) = (moment.div_euclid(86_400), moment.rem_euclid(86_400));
    let weekday =
        ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"][days.rem_euclid(7) as usize];
    let (mut year, mut day) = (1970, days);
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    while day >= 365 + i64::from(leap(year)) {
        day -= 365 + i64::from(leap(year));
        year += 1;
    }
    let months = [
        ("Jan", 31),
        ("Feb", if leap(year) { 29 } else { 28 }),
        ("Mar", 31),
        ("Apr", 30),
        ("May", 31),
        ("Jun", 30),
        ("Jul", 31),
        ("Aug", 31),
        ("Sep", 30),
        ("Oct", 31),
        ("Nov", 30),
        ("Dec", 31),
    ];
    let mut month = "";
    for (name, length) in months {
        month = name;
        if day < length {
            break;
        }
        day -= length;
    }
    let time = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
    Civil { weekday, year, month, day: day + 1, time }
}
