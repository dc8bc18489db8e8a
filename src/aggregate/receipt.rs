//! Receipts: what part of which content a partial was counted from, so that nothing is counted twice unnoticed.
//!
//! A content is known by its beginning, not by its name: `x.1` and `x.1.gz` are one content, and so are `today.log` and
//! what it has grown to since. Receipts of adjacent pieces of one content become one; overlapping ones are refused.
//!
//! # Laws
//! The canonical form of a set of receipts depends on the set only: any order of merging, with any pieces already joined,
//! gives the same receipts (where duplicates are allowed: the same counts; which pieces are joined may then differ).

use std::cmp::Ordering;
use std::hash::{BuildHasher, Hasher};

use foldhash::quality::FixedState;
use sha2::{Digest, Sha256};

use super::accounting::Accounting;
use crate::error::{Error, ErrorKind, Result};

/// Prefixes that an [`Identity`] holds at most: those of 64 bytes to 32 KiB.
pub const PREFIXES_MAX: usize = 10;

/// What the digests of an identity are made by. Identities can only be compared with others of their kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Digests {
    /// SHA-256, which holds anywhere and for ever.
    Sha256,
    /// A hash of 64 bits, of the first [`Identity::QUICK_BYTES_MAX`] bytes at most. What differs in it is different; of what agrees in it
    /// SHA-256 has to tell. It means nothing in another process, so it is never written.
    Quick,
}

/// What a receipt knows of a content: SHA-256 over its head. Leading lines that begin with `#` do not count: they are the
/// same in every file of a W3C or CloudFront log, and would make two short files look like one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Identity {
    /// How many bytes `digest` covers; 0 for a content without lines of its own.
    pub bytes_hashed: u64,
    /// SHA-256 of them.
    pub digest: [u8; 32],
    /// The first eight bytes of the SHA-256 of each shorter prefix of 64, 128, … 32768 bytes that the content fills, so
    /// that a short log and its longer self are recognised.
    pub prefixes: Vec<[u8; 8]>,
    /// What made the digests, if it was not SHA-256.
    pub digests: Digests,
}

impl Identity {
    /// How much of a content is looked at.
    pub const HEAD_BYTES_MAX: usize = 64 * 1024;
    /// How much of it is looked at by [`Digests::Quick`]: few logs are alike for so long.
    pub const QUICK_BYTES_MAX: usize = 4 * 1024;
    /// The shortest prefix that is remembered; below it only equal contents are recognised.
    pub const PREFIX_BYTES_MIN: usize = 64;

    /// The identity of the content that begins with `head`: its first [`Identity::HEAD_BYTES_MAX`] decompressed bytes,
    /// or all of it if it is shorter. Bytes beyond that are not looked at.
    pub fn of(head: &[u8]) -> Self {
        Identity::by(Digests::Sha256, head)
    }

    /// The same, with digests of a kind.
    pub fn by(digests: Digests, head: &[u8]) -> Self {
        let content = without_preamble(&head[..head.len().min(Self::HEAD_BYTES_MAX)]);
        let content = match digests {
            Digests::Sha256 => content,
            Digests::Quick => &content[..content.len().min(Self::QUICK_BYTES_MAX)],
        };
        let (digest, prefixes) = match digests {
            Digests::Sha256 => {
                let add = |hasher: &mut Sha256, bytes: &[u8]| hasher.update(bytes);
                digests_of(content, Sha256::new(), add, |hasher| hasher.clone().finalize().into())
            }
            Digests::Quick => {
                let add = |hasher: &mut foldhash::quality::FoldHasher, bytes: &[u8]| hasher.write(bytes);
                digests_of(content, FixedState::default().build_hasher(), add, |hasher| padded(hasher.finish()))
            }
        };
        Identity { bytes_hashed: content.len() as u64, digest, prefixes, digests }
    }

    /// Whether the content has no line of its own, and so can be given any number of times.
    pub fn is_empty(&self) -> bool {
        self.bytes_hashed == 0
    }

    /// The short digest of the prefix of `64 << doubling` bytes, if known.
    fn prefix(&self, doubling: usize) -> Option<[u8; 8]> {
        let is_all = self.bytes_hashed == (Self::PREFIX_BYTES_MIN as u64) << doubling;
        if is_all { Some(short(&self.digest)) } else { self.prefixes.get(doubling).copied() }
    }

    /// How many prefixes are known, the whole included if it has the length of one.
    fn known(&self) -> usize {
        self.prefixes.len() + usize::from(self.prefix(self.prefixes.len()).is_some())
    }

    /// What contents that are the same have in common for certain.
    fn bucket(&self) -> (u64, [u8; 8]) {
        match self.prefix(0) {
            Some(prefix) => (Self::PREFIX_BYTES_MIN as u64, prefix),
            None => (self.bytes_hashed, short(&self.digest)),
        }
    }
}

/// The digest of a content, and those of its prefixes: all from one running hash.
fn digests_of<H>(
    content: &[u8],
    mut hasher: H,
    add: impl Fn(&mut H, &[u8]),
    digest: impl Fn(&H) -> [u8; 32],
) -> ([u8; 32], Vec<[u8; 8]>) {
    let shorter = content.len().saturating_sub(1) / Identity::PREFIX_BYTES_MIN;
    let mut prefixes = Vec::with_capacity(shorter.checked_ilog2().map_or(0, |doublings| doublings as usize + 1));
    let mut hashed = 0;
    let lengths = std::iter::successors(Some(Identity::PREFIX_BYTES_MIN), |length| Some(length * 2));
    for length in lengths.take_while(|&length| length < content.len()) {
        add(&mut hasher, &content[hashed..length]);
        prefixes.push(short(&digest(&hasher)));
        hashed = length;
    }
    add(&mut hasher, &content[hashed..]);
    (digest(&hasher), prefixes)
}

fn padded(hash: u64) -> [u8; 32] {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&hash.to_le_bytes());
    digest
}

fn without_preamble(head: &[u8]) -> &[u8] {
    let mut rest = head;
    while rest.first() == Some(&b'#') {
        rest = memchr::memchr(b'\n', rest).map_or(&[], |end| &rest[end + 1..]);
    }
    rest
}

fn short(digest: &[u8; 32]) -> [u8; 8] {
    digest.first_chunk().copied().unwrap_or_default()
}

/// Whether both are the same content, or one is the other's beginning, as far as is known: they agree on the longest
/// beginning that both know, which is at least half of the shorter. Empty contents are the same as nothing.
pub fn same_content(a: &Identity, b: &Identity) -> bool {
    if a.is_empty() || b.is_empty() {
        return false;
    }
    if a.bytes_hashed == b.bytes_hashed {
        return a.digest == b.digest;
    }
    match a.known().min(b.known()).checked_sub(1) {
        Some(longest) => a.prefix(longest) == b.prefix(longest),
        None => false,
    }
}

/// One piece of input that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// Which content.
    pub identity: Identity,
    /// First decompressed byte of the piece's first line.
    pub start: u64,
    /// The byte after its last line.
    pub end: u64,
    /// Where it was read from; informative.
    pub path: String,
    /// Service the input was counted for; empty when none is declared.
    pub service: String,
    /// Name of the format it was read by.
    pub format: String,
    /// The outcomes of its lines.
    pub accounting: Accounting,
    /// Why reading ended before the end of the piece: damage, or an interruption.
    pub cut_short: Option<String>,
}

impl Receipt {
    /// What the receipt says was read.
    pub fn claim(&self) -> Claim<'_> {
        Claim { identity: &self.identity, start: self.start, end: Some(self.end), path: &self.path }
    }

    /// Nothing was in it.
    fn is_blank(&self) -> bool {
        self.start == self.end && self.accounting == Accounting::default() && self.cut_short.is_none()
    }

    /// Whether `next` goes on where this one ends.
    fn goes_on_in(&self, next: &Receipt) -> bool {
        self.end == next.start && self.cut_short.is_none() && self.is_of_one_input(next)
    }

    fn is_of_one_input(&self, other: &Receipt) -> bool {
        self.by_input(other) == Ordering::Equal
    }

    /// Receipts that are equal here can become one. Empty contents are told apart by their paths.
    fn by_input(&self, other: &Receipt) -> Ordering {
        let path = |r: &Receipt| if r.identity.is_empty() { r.path.clone() } else { String::new() };
        (&self.identity, &self.service, &self.format)
            .cmp(&(&other.identity, &other.service, &other.format))
            .then_with(|| path(self).cmp(&path(other)))
    }

    /// The order of outputs: by path for people, and then by everything else that is stable.
    fn canonical(&self, other: &Receipt) -> Ordering {
        let key = |r: &Receipt| (r.start, r.end);
        (self.path.cmp(&other.path))
            .then_with(|| key(self).cmp(&key(other)))
            .then_with(|| self.by_input(other))
            .then_with(|| (&self.cut_short, &self.accounting).cmp(&(&other.cut_short, &other.accounting)))
    }
}

/// A stretch of a content that somebody wants to read, or has read.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Which content.
    pub identity: &'a Identity,
    /// First byte.
    pub start: u64,
    /// The byte after the last; none: to the end, wherever that is.
    pub end: Option<u64>,
    /// Where it is read from.
    pub path: &'a str,
}

impl Claim<'_> {
    /// Whether some byte of one content is claimed by both.
    pub fn overlaps(&self, other: &Claim) -> bool {
        let end = |claim: &Claim| claim.end.unwrap_or(u64::MAX);
        let shared = self.start.max(other.start)..end(self).min(end(other));
        shared.start < shared.end && !is_nothing(self) && !is_nothing(other) && same_content(self.identity, other.identity)
    }

    fn range(&self) -> String {
        match self.end {
            Some(end) => format!("bytes {}..{end}", self.start),
            None if self.start == 0 => "all bytes".to_owned(),
            None => format!("bytes from {}", self.start),
        }
    }
}

fn is_nothing(claim: &Claim) -> bool {
    claim.end == Some(claim.start)
}

/// The first of `known` that overlaps `new`. Made for one question before a scan; see [`check`] for many.
pub fn conflict<'a, 'b>(known: &'b [Claim<'a>], new: &Claim) -> Option<&'b Claim<'a>> {
    known.iter().find(|claim| claim.overlaps(new))
}

/// Refuses claims that overlap one another, with an error (kind `Duplicate`) that names both. Called with the heads of all
/// inputs, and the receipts of all slices files, it refuses a duplicate before anything is scanned.
pub fn check(claims: &[Claim]) -> Result<()> {
    let sorted = by_bucket(claims.iter().map(|claim| claim.identity));
    // Only contents of one bucket can be the same.
    for bucket in sorted.chunk_by(|a, b| a.0 == b.0) {
        for (i, (_, a)) in bucket.iter().enumerate() {
            let a = &claims[*a];
            if let Some((_, b)) = bucket[i + 1..].iter().find(|(_, b)| a.overlaps(&claims[*b])) {
                return Err(duplicate(a, &claims[*b]));
            }
        }
    }
    Ok(())
}

/// Identities by their buckets, each with its place; those of one bucket in the order given.
fn by_bucket<'a>(identities: impl Iterator<Item = &'a Identity>) -> Vec<((u64, [u8; 8]), usize)> {
    let mut sorted: Vec<_> = identities.map(Identity::bucket).zip(0..).collect();
    sorted.sort_unstable();
    sorted
}

/// The error that says that both claims are the same content.
#[cold]
pub fn duplicate(a: &Claim, b: &Claim) -> Error {
    let message = if a.path == b.path {
        format!("`{}` is given twice ({} and {})", a.path, a.range(), b.range())
    } else {
        format!(
            "`{}` ({}) and `{}` ({}) are the same log, or one is the beginning of the other",
            a.path,
            a.range(),
            b.path,
            b.range()
        )
    };
    Error::new(ErrorKind::Duplicate, message)
        .hint("each event is counted once: leave one of them out, or allow duplicates if both are meant")
}

/// What to do when a content is there twice.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Duplicates {
    /// An error.
    #[default]
    Refuse,
    /// Each is counted.
    Allow,
}

/// Brings receipts into canonical form: adjacent pieces of one content (read as one format for one service) become one,
/// the rest is ordered by path. Errors: overlapping pieces (kind `Duplicate`), unless allowed; an overflow of line counts.
pub fn merge_receipts(receipts: Vec<Receipt>, duplicates: Duplicates) -> Result<Vec<Receipt>> {
    // What is alone in its bucket has nothing that it could be joined with, or be the same as.
    let buckets = by_bucket(receipts.iter().map(|receipt| &receipt.identity));
    let mut is_alone = vec![false; receipts.len()];
    buckets.chunk_by(|a, b| a.0 == b.0).filter(|bucket| bucket.len() == 1).for_each(|bucket| is_alone[bucket[0].1] = true);
    if !is_alone.contains(&false) {
        return Ok(sorted(receipts, Receipt::canonical));
    }
    let mut places = is_alone.iter();
    let (mut merged, others): (Vec<Receipt>, Vec<Receipt>) = receipts.into_iter().partition(|_| places.next() == Some(&true));
    merged.extend(merge_of_buckets(others, duplicates)?);
    Ok(sorted(merged, Receipt::canonical))
}

/// The same in any order.
fn merge_of_buckets(receipts: Vec<Receipt>, duplicates: Duplicates) -> Result<Vec<Receipt>> {
    let by_place = |a: &Receipt, b: &Receipt| a.by_input(b).then(a.start.cmp(&b.start)).then(a.end.cmp(&b.end));
    let receipts = sorted(receipts, |a, b| by_place(a, b).then_with(|| a.canonical(b)));
    let mut merged: Vec<Receipt> = Vec::with_capacity(receipts.len());
    let mut of_input: Vec<Receipt> = Vec::new();
    for receipt in receipts {
        if of_input.last().is_some_and(|last| !last.is_of_one_input(&receipt)) {
            join_pieces(&mut of_input, &mut merged)?;
        }
        of_input.push(receipt);
    }
    join_pieces(&mut of_input, &mut merged)?;
    if duplicates == Duplicates::Refuse {
        check(&merged.iter().map(Receipt::claim).collect::<Vec<_>>())?;
    }
    Ok(merged)
}

/// Sorts what is large by numbers that stand for it.
fn sorted(receipts: Vec<Receipt>, compare: impl Fn(&Receipt, &Receipt) -> Ordering) -> Vec<Receipt> {
    if receipts.is_sorted_by(|a, b| compare(a, b).is_le()) {
        return receipts;
    }
    let mut order: Vec<usize> = (0..receipts.len()).collect();
    order.sort_by(|&a, &b| compare(&receipts[a], &receipts[b]));
    let mut left: Vec<Option<Receipt>> = receipts.into_iter().map(Some).collect();
    order.into_iter().filter_map(|at| left[at].take()).collect()
}

/// Takes the pieces of one input, sorted by start, and joins them. A piece without a line leaves no trace beside one with lines.
fn join_pieces(pieces: &mut Vec<Receipt>, into: &mut Vec<Receipt>) -> Result<()> {
    if pieces.iter().all(Receipt::is_blank) {
        // They differ in place and path only: the first stands for all.
        into.extend(pieces.drain(..).min_by(Receipt::canonical));
        return Ok(());
    }
    let from = into.len();
    for piece in pieces.drain(..).filter(|piece| !piece.is_blank()) {
        match into[from..].last_mut().filter(|last| last.goes_on_in(&piece)) {
            Some(last) => join(last, &piece)?,
            None => into.push(piece),
        }
    }
    Ok(())
}

fn join(last: &mut Receipt, next: &Receipt) -> Result<()> {
    last.accounting.merge(&next.accounting)?;
    last.end = next.end;
    last.cut_short.clone_from(&next.cut_short);
    if next.path < last.path {
        last.path.clone_from(&next.path);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Outcome;
    use proptest::prelude::*;

    fn log(lines: usize) -> Vec<u8> {
        (0..lines)
            .flat_map(|i| {
                format!("198.51.100.7 - - [02/Mar/2026:10:00:{:02} +0000] \"GET /{i} HTTP/1.1\" 200 1\n", i % 60).into_bytes()
            })
            .collect()
    }

    fn receipt(content: &[u8], start: u64, end: u64, path: &str) -> Receipt {
        let mut accounting = Accounting::default();
        if end > start {
            accounting.add(Outcome::Event, end - start);
        }
        let identity = Identity::of(content);
        let (path, service, format) = (path.to_owned(), String::new(), "combined".to_owned());
        Receipt { identity, start, end, path, service, format, accounting, cut_short: None }
    }

    #[test]
    fn a_log_is_known_by_its_beginning() {
        let (short, long) = (log(10), log(5_000));
        let other: Vec<u8> = log(5_000).iter().map(|b| if *b == b'/' { b'!' } else { *b }).collect();
        let of = |bytes: &[u8]| Identity::of(bytes);
        assert!(same_content(&of(&long), &of(&long[..Identity::HEAD_BYTES_MAX])));
        assert!(same_content(&of(&short), &of(&long)));
        assert!(same_content(&of(&long), &of(&short)));
        assert!(!same_content(&of(&short), &of(&other)));
        assert!(!same_content(&of(&long), &of(&other)));
        assert!(!same_content(&of(b""), &of(b"")));
        assert!(same_content(&of(b"x\n"), &of(b"x\n")) && !same_content(&of(b"x\n"), &of(b"x\ny\n")));
    }

    #[test]
    fn a_common_preamble_does_not_make_two_logs_one() {
        let preamble = format!("#Version: 1.0\n#Fields: {}\n", "date time x-edge-location ".repeat(20)).into_bytes();
        let with = |lines: &[u8]| Identity::of(&[&preamble[..], lines].concat());
        let (a, b) = (log(2), log(3)[10..].to_vec());
        assert!(!same_content(&with(&a), &with(&b)));
        assert!(same_content(&with(&a), &with(&log(3))));
        assert!(with(b"").is_empty() && Identity::of(b"# no line end").is_empty());
    }

    proptest! {
        #[test]
        fn every_longer_self_is_recognised(short in 64usize..3_000, more in 0usize..70_000) {
            let all = log(1_200);
            let (a, b) = (Identity::of(&all[..short]), Identity::of(&all[..(short + more).min(all.len())]));
            prop_assert!(same_content(&a, &b) && same_content(&b, &a));
            prop_assert!(a.bucket() == b.bucket());
        }

        /// Whatever is the same content is so by quick digests, and they tell apart what differs in what they look at.
        #[test]
        fn quick_digests_hide_nothing_from_sha256(
            lengths in (0usize..70_000, 0usize..70_000),
            change in prop::option::of(0usize..70_000),
            short in any::<bool>(),
        ) {
            let mut b = log(1_200);
            let a = b.clone();
            let scale = if short { 300 } else { 1 };
            let (to_a, to_b) = ((lengths.0 / scale).min(a.len()), (lengths.1 / scale).min(b.len()));
            let at = change.map_or(usize::MAX, |at| at / scale % 70_000);
            if let Some(byte) = b.get_mut(at) {
                *byte ^= 1;
            }
            let [sha256, quick] = [Digests::Sha256, Digests::Quick].map(|digests| {
                let (a, b) = (Identity::by(digests, &a[..to_a]), Identity::by(digests, &b[..to_b]));
                (same_content(&a, &b), a.bucket() == b.bucket(), a.is_empty())
            });
            prop_assert!(!sha256.0 || quick.0);
            prop_assert!(!sha256.1 || quick.1);
            prop_assert_eq!(sha256.2, quick.2);
            if to_a.max(to_b).max(at.saturating_add(1)) <= Identity::QUICK_BYTES_MAX || change.is_none() {
                prop_assert_eq!(sha256, quick);
            }
        }

        #[test]
        fn any_tiling_in_any_order_gives_the_receipt_of_the_whole(
            mut cuts in prop::collection::vec(0u64..1_000, 0..8),
            order in prop::collection::vec(any::<u32>(), 10),
            split in 0usize..9,
        ) {
            let content = log(40);
            cuts.extend([0, 1_000]);
            cuts.sort_unstable();
            let mut tiles: Vec<_> = cuts.windows(2).map(|w| receipt(&content, w[0], w[1], "a.log")).collect();
            let mut order = order.into_iter().cycle();
            tiles.sort_by_cached_key(|_| order.next());
            let second = tiles.split_off(split.min(tiles.len()));
            let mut parts = merge_receipts(tiles, Duplicates::Refuse).unwrap();
            parts.extend(merge_receipts(second, Duplicates::Refuse).unwrap());
            let whole = merge_receipts(parts, Duplicates::Refuse).unwrap();
            prop_assert_eq!(whole.len(), 1);
            prop_assert_eq!((whole[0].start, whole[0].end, whole[0].accounting.total().bytes), (0, 1_000, 1_000));
        }
    }

    #[test]
    fn the_same_lines_twice_are_refused_with_both_names() {
        let (short, long) = (log(10), log(5_000));
        for (a, b) in [
            (receipt(&short, 0, 700, "x.1"), receipt(&short, 0, 700, "x.1.gz")),
            (receipt(&short, 0, 700, "today.log"), receipt(&long, 0, 350_000, "tomorrow.log")),
            (receipt(&long, 0, 500, "a.log"), receipt(&long, 499, 1_000, "a.log")),
        ] {
            let error = merge_receipts(vec![a.clone(), b.clone()], Duplicates::Refuse).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Duplicate);
            assert!(error.message().contains(&a.path) && error.message().contains(&format!("{}..{}", b.start, b.end)), "{error}");
            assert!(error.hint_text().unwrap().contains("allow duplicates"));
            assert_eq!(merge_receipts(vec![a, b], Duplicates::Allow).unwrap().len(), 2);
        }
    }

    #[test]
    fn a_conflict_shows_before_the_scan() {
        let content = log(100);
        let identity = Identity::of(&content);
        let stored = receipt(&content, 0, 3_000, "october.slices.parquet: a.log");
        let new = |start, end| Claim { identity: &identity, start, end, path: "a.log" };
        assert!(conflict(&[stored.claim()], &new(0, None)).is_some());
        assert!(conflict(&[stored.claim()], &new(3_000, None)).is_none());
        assert!(conflict(&[stored.claim()], &new(5, Some(5))).is_none());
        assert_eq!(
            check(&[stored.claim(), new(2_999, None)]).unwrap_err().message(),
            "`october.slices.parquet: a.log` (bytes 0..3000) and `a.log` (bytes from 2999) are the same log, or one is the \
             beginning of the other"
        );
    }

    #[test]
    fn empty_contents_never_conflict_and_keep_their_names() {
        let twice =
            vec![receipt(b"", 0, 0, "b"), receipt(b"#Fields: x\n", 0, 11, "a"), receipt(b"", 0, 0, "c"), receipt(b"", 0, 0, "b")];
        let merged = merge_receipts(twice, Duplicates::Refuse).unwrap();
        assert_eq!(merged.iter().map(|r| r.path.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[test]
    fn a_piece_that_was_cut_short_is_not_joined_to_what_follows() {
        let content = log(40);
        let mut damaged = receipt(&content, 0, 500, "a.log");
        damaged.cut_short = Some("the archive ends early".to_owned());
        let merged = merge_receipts(vec![receipt(&content, 500, 900, "a.log"), damaged.clone()], Duplicates::Refuse).unwrap();
        assert_eq!(merged[0], damaged);
        assert_eq!(merged.len(), 2);
    }
}
