//! Whole numbers of 256 bits, and arithmetic modulo an odd one of them in Montgomery's form: `a` stands as
//! `a * 2^256`. One code for the field of the curve and for the order of its group.

/// Eight limbs of 32 bits, the lowest first: the widest that wasm multiplies in one step.
pub(super) type Number = [u32; 8];

pub(super) const ZERO: Number = [0; 8];

/// A modulus with its highest bit set, and what Montgomery's form needs to know of it.
pub(super) struct Modulus {
    pub(super) number: Number,
    /// `-1 / number` modulo `2^32`.
    pub(super) inverse: u32,
    /// `2^512` modulo `number`.
    pub(super) square: Number,
    /// One in Montgomery's form: `2^256` modulo `number`.
    pub(super) one: Number,
}

impl Modulus {
    /// `number` in Montgomery's form.
    pub(super) fn enter(&self, number: &Number) -> Number {
        self.mul(number, &self.square)
    }

    /// Whether `number` is below the modulus.
    pub(super) fn holds(&self, number: &Number) -> bool {
        sub(number, &self.number).1
    }

    /// `number`, with `carry` for `2^256` in it and below twice the modulus, brought below it.
    fn reduce(&self, number: &Number, carry: bool) -> Number {
        let (less, borrow) = sub(number, &self.number);
        if borrow && !carry { *number } else { less }
    }

    pub(super) fn add(&self, a: &Number, b: &Number) -> Number {
        let (sum, carry) = add(a, b);
        self.reduce(&sum, carry)
    }

    pub(super) fn double(&self, a: &Number) -> Number {
        self.add(a, a)
    }

    pub(super) fn sub(&self, a: &Number, b: &Number) -> Number {
        let (difference, borrow) = sub(a, b);
        if borrow { add(&difference, &self.number).0 } else { difference }
    }

    /// `a * b / 2^256`: the product in Montgomery's form (CIOS: Koc, Acar, Kaliski, "Analyzing and Comparing
    /// Montgomery Multiplication Algorithms", section 5). `a` may be any number, `b` is below the modulus.
    pub(super) fn mul(&self, a: &Number, b: &Number) -> Number {
        let mut sum = [0; 9];
        let mut top = 0;
        for &factor in a {
            top += add_product(&mut sum, b, factor);
            // Such a multiple of the modulus that the lowest limb becomes zero, and can go.
            let multiple = sum[0].wrapping_mul(self.inverse);
            top += add_product(&mut sum, &self.number, multiple);
            sum.copy_within(1.., 0);
            sum[8] = top;
            top = 0;
        }
        let [low @ .., high] = sum;
        self.reduce(&low, high != 0)
    }

    pub(super) fn square(&self, a: &Number) -> Number {
        self.mul(a, a)
    }

    /// `1 / a` in Montgomery's form, if the modulus is prime: `a` to the power of the modulus less two (Fermat).
    pub(super) fn invert(&self, a: &Number) -> Number {
        let mut exponent = self.number;
        exponent[0] -= 2; // of either modulus the lowest limb is larger
        let mut power = self.one;
        for place in (0..256).rev() {
            power = self.square(&power);
            if bit(&exponent, place) == 1 {
                power = self.mul(&power, a);
            }
        }
        power
    }
}

/// Adds `number * factor` to the nine limbs; what runs over them is returned.
fn add_product(sum: &mut [u32; 9], number: &Number, factor: u32) -> u32 {
    let mut carry = 0;
    for (limb, &digit) in sum.iter_mut().zip(number) {
        (*limb, carry) = split(u64::from(digit) * u64::from(factor) + u64::from(*limb) + u64::from(carry));
    }
    (sum[8], carry) = split(u64::from(sum[8]) + u64::from(carry));
    carry
}

/// The low half and the high half.
#[expect(clippy::cast_possible_truncation, reason = "the two halves are what is asked for")]
const fn split(wide: u64) -> (u32, u32) {
    (wide as u32, (wide >> 32) as u32)
}

/// The sum, and whether it runs over.
fn add(a: &Number, b: &Number) -> (Number, bool) {
    let mut sum = *a;
    let mut carry = false;
    for (limb, &other) in sum.iter_mut().zip(b) {
        (*limb, carry) = limb.carrying_add(other, carry);
    }
    (sum, carry)
}

/// The difference, and whether it runs below zero.
fn sub(a: &Number, b: &Number) -> (Number, bool) {
    let mut difference = *a;
    let mut borrow = false;
    for (limb, &other) in difference.iter_mut().zip(b) {
        (*limb, borrow) = limb.borrowing_sub(other, borrow);
    }
    (difference, borrow)
}

/// `number + other`, if that needs no more than 256 bits.
pub(super) fn checked_add(number: &Number, other: &Number) -> Option<Number> {
    let (sum, carry) = add(number, other);
    (!carry).then_some(sum)
}

/// The bit at `place`, counted from the lowest.
pub(super) const fn bit(number: &Number, place: usize) -> usize {
    (number[place / 32] >> (place % 32) & 1) as usize
}

/// Reads 32 bytes, the highest first.
pub(super) fn from_bytes(bytes: &[u8; 32]) -> Number {
    let mut number = ZERO;
    for (limb, four) in number.iter_mut().zip(bytes.rchunks_exact(4)) {
        *limb = four.iter().fold(0, |limb, &byte| limb << 8 | u32::from(byte));
    }
    number
}
