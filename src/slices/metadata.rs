//! What the table cannot say: the key-value metadata of a slices file. These types are the format; they stay as they are
//! while the domain types move.

use std::collections::BTreeMap;

use parquet::file::metadata::RowGroupMetaData;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::aggregate::accounting::{Accounting, Tally};
use crate::aggregate::receipt::Digests;
use crate::aggregate::{Edges, IndicatorCounts, IndicatorKey, Latencies, Partial, Receipt, receipt};

/// Key: what the file is; its value is [`FILE`].
pub(super) const FILE_KEY: &str = "slix.file";
pub(super) const FILE: &str = "slices";
/// Key: the version of the format, a decimal number.
pub(super) const VERSION_KEY: &str = "slix.format_version";
/// Key: the width of a slice in seconds, a decimal number.
pub(super) const WIDTH_KEY: &str = "slix.slice_seconds";
/// Key: JSON list of [`Indicator`].
pub(super) const INDICATORS_KEY: &str = "slix.indicators";
/// Key: JSON list of [`ReceiptForm`].
pub(super) const RECEIPTS_KEY: &str = "slix.receipts";
/// Key: how many bytes of the file come before the footer, a decimal number.
pub(super) const BYTES_KEY: &str = "slix.data_bytes";
/// Key: SHA-256 over these bytes, the layout of the row groups and the values of the keys above.
pub(super) const DIGEST_KEY: &str = "slix.sha256";

/// The name of an indicator in the column `indicator`: the first 16 bytes of the SHA-256 of its canonical text, in hex.
pub fn fingerprint(canonical: &str) -> String {
    hex(&Sha256::digest(canonical)[..16])
}

/// One indicator.
#[derive(Serialize, Deserialize)]
pub(super) struct Indicator {
    pub service: String,
    pub fingerprint: String,
    pub canonical: String,
    pub dimensions: Vec<String>,
    pub bounded: bool,
    /// 16 hex digits: JSON numbers of this size lose digits in many readers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub group_hash_limit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub latency_thresholds_ns: Option<Vec<i64>>,
}

impl Indicator {
    pub fn of(key: &IndicatorKey, counts: &IndicatorCounts) -> Self {
        Indicator {
            service: key.service.clone(),
            fingerprint: fingerprint(&key.canonical),
            canonical: key.canonical.clone(),
            dimensions: counts.dimensions.clone(),
            bounded: counts.bounded,
            group_hash_limit: counts.group_hash_limit.map(|limit| format!("{limit:016x}")),
            latency_thresholds_ns: counts.latencies.as_ref().map(|l| l.edges.thresholds().to_vec()),
        }
    }

    /// The indicator without its counts; what is wrong with it otherwise.
    pub fn into_counts(self) -> Result<(IndicatorKey, IndicatorCounts), String> {
        if fingerprint(&self.canonical) != self.fingerprint {
            return Err(format!("the fingerprint {} is not that of its indicator", self.fingerprint));
        }
        let limit = self.group_hash_limit.map(|limit| u64::from_str_radix(&limit, 16)).transpose();
        let edges = self.latency_thresholds_ns.map(|t| Edges::new(&t)).transpose();
        let counts = IndicatorCounts {
            group_hash_limit: limit.map_err(|e| format!("group_hash_limit: {e}"))?,
            latencies: edges.map_err(|e| e.to_string())?.map(Latencies::new),
            ..IndicatorCounts::new(self.dimensions, self.bounded)
        };
        Ok((IndicatorKey { service: self.service, canonical: self.canonical }, counts))
    }
}

/// One receipt.
#[derive(Serialize, Deserialize)]
pub(super) struct ReceiptForm {
    pub path: String,
    pub service: String,
    pub format: String,
    pub start: u64,
    pub end: u64,
    pub content: Content,
    /// Lines and bytes by outcome; those without a line are left out.
    pub outcomes: BTreeMap<String, (u64, u64)>,
    pub no_response: u64,
    #[serde(skip_serializing_if = "is_zero", default)]
    pub time_folds: u64,
    #[serde(skip_serializing_if = "is_zero", default)]
    pub time_gaps: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub by_others: BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cut_short: Option<String>,
}

/// The identity of a content; digests in hex, those of the prefixes one after the other.
#[derive(Serialize, Deserialize)]
pub(super) struct Content {
    pub bytes_hashed: u64,
    pub sha256: String,
    pub prefixes: String,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl ReceiptForm {
    pub fn of(receipt: &Receipt) -> Self {
        let accounting = &receipt.accounting;
        let outcomes = accounting.outcomes().filter(|(_, tally)| *tally != Tally::default());
        ReceiptForm {
            path: receipt.path.clone(),
            service: receipt.service.clone(),
            format: receipt.format.clone(),
            start: receipt.start,
            end: receipt.end,
            content: Content {
                bytes_hashed: receipt.identity.bytes_hashed,
                sha256: hex(&receipt.identity.digest),
                prefixes: hex(receipt.identity.prefixes.as_flattened()),
            },
            outcomes: outcomes.map(|(name, tally)| (name.to_owned(), (tally.lines, tally.bytes))).collect(),
            no_response: accounting.no_response,
            time_folds: accounting.time_folds,
            time_gaps: accounting.time_gaps,
            by_others: accounting.by_others.clone(),
            cut_short: receipt.cut_short.clone(),
        }
    }

    /// The receipt; what is wrong with it otherwise.
    pub fn into_receipt(self) -> Result<Receipt, String> {
        let (no_response, time_folds, time_gaps) = (self.no_response, self.time_folds, self.time_gaps);
        let by_others = self.by_others;
        let mut accounting = Accounting { no_response, time_folds, time_gaps, by_others, ..Accounting::default() };
        for (name, (lines, bytes)) in self.outcomes {
            let tally = accounting.outcome_mut(&name).ok_or_else(|| format!("there is no outcome `{name}` of a line"))?;
            *tally = Tally { lines, bytes };
        }
        let digest = unhex(&self.content.sha256).and_then(|d| d.try_into().ok()).ok_or("a digest is not 32 bytes in hex")?;
        let prefixes = unhex(&self.content.prefixes).ok_or("the digests of prefixes are not hex")?;
        let (prefixes, rest) = prefixes.as_chunks::<8>();
        if !rest.is_empty() || prefixes.len() > receipt::PREFIXES_MAX || self.end < self.start {
            return Err(format!("the receipt of `{}` is not one", self.path));
        }
        Ok(Receipt {
            identity: receipt::Identity {
                bytes_hashed: self.content.bytes_hashed,
                digest,
                prefixes: prefixes.to_vec(),
                digests: Digests::Sha256,
            },
            start: self.start,
            end: self.end,
            path: self.path,
            service: self.service,
            format: self.format,
            accounting,
            cut_short: self.cut_short,
        })
    }
}

/// The keys and values that describe `partial`, in their order; without those that need the finished table.
pub(super) fn describe(partial: &Partial) -> Result<Vec<(&'static str, String)>, serde_json::Error> {
    let indicators: Vec<_> = sorted_indicators(partial).into_iter().map(|(key, counts, _)| Indicator::of(key, counts)).collect();
    let receipts: Vec<_> = partial.receipts.iter().map(ReceiptForm::of).collect();
    Ok(vec![
        (FILE_KEY, FILE.to_owned()),
        (VERSION_KEY, super::FORMAT_VERSION.to_string()),
        (WIDTH_KEY, partial.slices.width_seconds().to_string()),
        (INDICATORS_KEY, serde_json::to_string(&indicators)?),
        (RECEIPTS_KEY, serde_json::to_string(&receipts)?),
    ])
}

/// The indicators with their fingerprints, in the order of the file: by service and fingerprint.
pub(super) fn sorted_indicators(partial: &Partial) -> Vec<(&IndicatorKey, &IndicatorCounts, String)> {
    let named = partial.indicators.iter().map(|(key, counts)| (key, counts, fingerprint(&key.canonical)));
    let mut sorted: Vec<_> = named.collect();
    sorted.sort_by(|a, b| (&a.0.service, &a.2).cmp(&(&b.0.service, &b.2)));
    sorted
}

/// The digest of a file: `hasher` has taken in all bytes before the footer. Parquet has no such check of its own, and a
/// flipped bit would be a wrong count.
pub(super) fn digest<'a>(
    mut hasher: Sha256,
    groups: impl Iterator<Item = &'a RowGroupMetaData>,
    values: impl Iterator<Item = &'a str>,
) -> String {
    for group in groups {
        hasher.update(layout(group));
    }
    for value in values {
        hasher.update((value.len() as u64).to_le_bytes());
        hasher.update(value);
    }
    hex(&hasher.finalize())
}

/// Where the columns of a row group lie and how they are packed, one line each.
fn layout(group: &RowGroupMetaData) -> String {
    let mut text = format!("rows {}\n", group.num_rows());
    for column in group.columns() {
        text += &format!(
            "{} {:?} {:?} {} {} {:?} {}\n",
            column.column_path(),
            column.column_type(),
            column.compression(),
            column.compressed_size(),
            column.data_page_offset(),
            column.dictionary_page_offset(),
            column.num_values(),
        );
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| (c as char).to_digit(16).map(|d| d as u8);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    bytes.collect::<Option<Vec<u8>>>().filter(|_| rest.is_empty())
}
