//! Times as logs write them. The text of a second is kept, because many lines share it.

/// Time stamps in one zone.
pub struct Clock {
    offset_minutes: i32,
    second: i64,
    clf: [u8; 26],
    iso: [u8; 25],
}

const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";

impl Clock {
    /// `offset_minutes` east of UTC.
    pub fn new(offset_minutes: i32) -> Self {
        let mut clock =
            Clock { offset_minutes, second: 0, clf: *b"01/Jan/1970:00:00:00 +0000", iso: *b"1970-01-01T00:00:00+00:00" };
        clock.set(0);
        clock
    }

    /// `01/Nov/2026:00:00:00 +0000`.
    pub fn clf(&mut self, second: i64) -> &[u8] {
        self.turn_to(second);
        &self.clf
    }

    /// `2026-11-01T00:00:00+00:00`.
    pub fn iso(&mut self, second: i64) -> &[u8] {
        self.turn_to(second);
        &self.iso
    }

    #[inline]
    fn turn_to(&mut self, second: i64) {
        if second != self.second {
            self.set(second);
        }
    }

    fn set(&mut self, second: i64) {
        self.second = second;
        let local = second + i64::from(self.offset_minutes) * 60;
        let (year, month, day) = civil(local.div_euclid(86_400));
        let of_day = local.rem_euclid(86_400);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        let sign = if self.offset_minutes < 0 { b'-' } else { b'+' };
        let offset = i64::from(self.offset_minutes.abs());
        put(
            &mut self.clf,
            &[
                (0, day, 2),
                (7, year, 4),
                (12, hour, 2),
                (15, minute, 2),
                (18, second, 2),
                (22, offset / 60, 2),
                (24, offset % 60, 2),
            ],
        );
        self.clf[3..6].copy_from_slice(&MONTHS[(month as usize - 1) * 3..][..3]);
        self.clf[21] = sign;
        put(&mut self.iso, &[(0, year, 4), (5, month, 2), (8, day, 2), (11, hour, 2), (14, minute, 2), (17, second, 2)]);
        put(&mut self.iso, &[(20, offset / 60, 2), (23, offset % 60, 2)]);
        self.iso[19] = sign;
    }
}

/// Puts decimal numbers at their offsets with their widths.
fn put(text: &mut [u8], numbers: &[(usize, i64, usize)]) {
    for &(offset, mut number, width) in numbers {
        for digit in text[offset..offset + width].iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
    }
}

/// Year, month and day of a number of days since 1970, by walking: it is called once a second of log time.
fn civil(days: i64) -> (i64, i64, i64) {
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let (mut year, mut day) = (1970, days.max(0));
    while day >= 365 + i64::from(leap(year)) {
        day -= 365 + i64::from(leap(year));
        year += 1;
    }
    let mut month = 1;
    for length in [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    (year, month, day + 1)
}
