//! Points of the curve P-256 (SEC 2 section 2.4.2: `y^2 = x^3 - 3x + b`) in Jacobian coordinates: `(X, Y, Z)` is
//! the point `(X / Z^2, Y / Z^3)`, and with `Z = 0` the point at infinity.

use super::modulus::{Modulus, Number, ZERO, bit};

/// The field: modulo `p = 2^256 - 2^224 + 2^192 + 2^96 - 1`.
pub(super) const FIELD: Modulus = Modulus {
    number: [0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0, 0, 0, 1, 0xffff_ffff],
    inverse: 1,
    square: [3, 0, 0xffff_ffff, 0xffff_fffb, 0xffff_fffe, 0xffff_ffff, 0xffff_fffd, 4],
    one: [1, 0, 0, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_fffe, 0],
};

/// The curve's `b`, in Montgomery's form as all that follows.
const B: Number =
    [0x29c4_bddf, 0xd89c_df62, 0x7884_3090, 0xacf0_05cd, 0xf721_2ed6, 0xe5a2_20ab, 0x0487_4834, 0xdc30_061d];

/// The group's base point.
pub(super) const BASE: Point = Point {
    x: [0x18a9_143c, 0x79e7_30d4, 0x5fed_b601, 0x75ba_95fc, 0x7762_2510, 0x79fb_732b, 0xa537_55c6, 0x1890_5f76],
    y: [0xce95_560a, 0xddf2_5357, 0xba19_e45c, 0x8b4a_b8e4, 0xdd21_f325, 0xd2e8_8688, 0x2588_5d85, 0x8571_ff18],
    z: FIELD.one,
};

const INFINITY: Point = Point { x: FIELD.one, y: FIELD.one, z: ZERO };

#[derive(Clone, Copy)]
pub(super) struct Point {
    pub(super) x: Number,
    pub(super) y: Number,
    pub(super) z: Number,
}

impl Point {
    /// The point with these coordinates, not yet in Montgomery's form; `None` if it is not on the curve. All of its
    /// points but infinity are in the group, whose cofactor is 1.
    pub(super) fn new(x: &Number, y: &Number) -> Option<Self> {
        if !FIELD.holds(x) || !FIELD.holds(y) {
            return None;
        }
        let (x, y) = (FIELD.enter(x), FIELD.enter(y));
        let three_x = FIELD.add(&FIELD.double(&x), &x);
        let cube = FIELD.mul(&FIELD.square(&x), &x);
        let right = FIELD.add(&FIELD.sub(&cube, &three_x), &B);
        (FIELD.square(&y) == right).then_some(Self { x, y, z: FIELD.one })
    }

    pub(super) fn is_infinity(&self) -> bool {
        self.z == ZERO
    }

    /// Twice the point ("dbl-2001-b" of the Explicit-Formulas Database). Of infinity it makes infinity; no point of
    /// this curve has order 2.
    fn double(&self) -> Self {
        let f = &FIELD;
        let delta = f.square(&self.z);
        let gamma = f.square(&self.y);
        let beta = f.mul(&self.x, &gamma);
        let slope = f.mul(&f.sub(&self.x, &delta), &f.add(&self.x, &delta));
        let alpha = f.add(&f.double(&slope), &slope);
        let four_beta = f.double(&f.double(&beta));
        let x = f.sub(&f.square(&alpha), &f.double(&four_beta));
        let yz = f.mul(&self.y, &self.z);
        let eight_gamma_squared = f.double(&f.double(&f.double(&f.square(&gamma))));
        let y = f.sub(&f.mul(&alpha, &f.sub(&four_beta, &x)), &eight_gamma_squared);
        Self { x, y, z: f.double(&yz) }
    }

    /// The sum ("add-1998-cmo-2" of the Explicit-Formulas Database), and what those formulas leave out: infinity,
    /// a point and itself, a point and its negative.
    fn add(&self, other: &Self) -> Self {
        if self.is_infinity() {
            return *other;
        }
        if other.is_infinity() {
            return *self;
        }
        let f = &FIELD;
        let (z1, z2) = (f.square(&self.z), f.square(&other.z));
        let (u1, u2) = (f.mul(&self.x, &z2), f.mul(&other.x, &z1));
        let s1 = f.mul(&f.mul(&self.y, &other.z), &z2);
        let s2 = f.mul(&f.mul(&other.y, &self.z), &z1);
        let (h, r) = (f.sub(&u2, &u1), f.sub(&s2, &s1));
        if h == ZERO {
            return if r == ZERO { self.double() } else { INFINITY };
        }
        let h2 = f.square(&h);
        let h3 = f.mul(&h2, &h);
        let v = f.mul(&u1, &h2);
        let x = f.sub(&f.sub(&f.square(&r), &h3), &f.double(&v));
        let y = f.sub(&f.mul(&r, &f.sub(&v, &x)), &f.mul(&s1, &h3));
        Self { x, y, z: f.mul(&f.mul(&self.z, &other.z), &h) }
    }

    /// `base_times * BASE + own_times * self`, two bits of both at a time (Shamir's trick).
    pub(super) fn combined_with_base(&self, base_times: &Number, own_times: &Number) -> Self {
        // At place 4 i + j: i of the base and j of the point.
        let mut sums = [INFINITY; 16];
        for place in 1..16 {
            sums[place] = match place % 4 {
                0 => sums[place - 4].add(&BASE),
                _ => sums[place - 1].add(self),
            };
        }
        let two_bits = |number: &Number, place| 2 * bit(number, place + 1) + bit(number, place);
        let mut sum = INFINITY;
        for place in (0..256).step_by(2).rev() {
            let chosen = 4 * two_bits(base_times, place) + two_bits(own_times, place);
            sum = sum.double().double().add(&sums[chosen]);
        }
        sum
    }
}
