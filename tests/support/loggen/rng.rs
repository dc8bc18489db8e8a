//! Random numbers that are the same on every machine.

/// SplitMix64 (Steele, Lea, Flood 2014): one addition and two multiplications a number, any seed is a good one.
#[derive(Clone)]
pub struct Rng(u64);

/// A probability in units of 2⁻³².
#[derive(Clone, Copy)]
pub struct Chance(u64);

impl Chance {
    /// `share` from 0 to 1.
    pub fn of(share: f64) -> Self {
        Chance((share.clamp(0.0, 1.0) * 4_294_967_296.0) as u64)
    }
}

impl Rng {
    pub fn new(seed: u64) -> Self {
        Rng(seed)
    }

    #[inline]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`, at most 2³²; the bias is below 2⁻³² × limit.
    #[inline]
    pub fn below(&mut self, limit: u64) -> u64 {
        ((self.next() >> 32) * limit) >> 32
    }

    #[inline]
    pub fn hits(&mut self, chance: Chance) -> bool {
        (self.next() >> 32) < chance.0
    }

    /// About log-normal around `median`, with a factor of about two per standard deviation. In whole numbers only, because the
    /// last digits of `exp` differ between machines: the sum of four uniform numbers is the exponent of two, in 16.16 fixed point.
    #[inline]
    pub fn skewed(&mut self, median: u64) -> u64 {
        let bits = self.next();
        let sum: u64 = (0..4).map(|i| (bits >> (16 * i)) & 0xffff).sum();
        // Each has the standard deviation 2¹⁶/√12, the sum of four 2¹⁶/√3, so × 7/4 is about one octave.
        let exponent = sum * 7 / 4;
        let (octave, fraction) = (exponent >> 16, exponent & 0xffff);
        // 2^x ≈ (1 + fraction) × 2^octave; the middle of the range is 3.5 octaves up, or (1 + 1/2) × 8.
        ((median * (65_536 + fraction)) << octave) / (65_536 * 12)
    }
}
