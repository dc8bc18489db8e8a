"use strict";
/* Exact arithmetic on counts, as in src/ratio.rs, and numbers for people, as in src/output/number.rs.
 *
 * Counts are whole numbers: a number where it holds them exactly, else text of digits. A ratio is made once, from whole numbers, and
 * is the nearest float to their quotient, so that it equals the one in the windows table to the last bit. */
const Numbers = (() => {
  const isSafe = Number.isSafeInteger;

  /* a × b and a + b, exactly. */
  const times = (a, b) => (isSafe(a) && isSafe(b) && isSafe(a * b) ? a * b : BigInt(a) * BigInt(b));
  const plus = (a, b) => (isSafe(a) && isSafe(b) && isSafe(a + b) ? a + b : BigInt(a) + BigInt(b));
  const bits = (n) => n.toString(2).length;

  /* The nearest float to n ÷ d. Quotients of 66 bits and more, with a last bit that says whether something was left, are
   * rounded as the whole quotient would be. */
  function ratio(n, d) {
    if (isSafe(n) && isSafe(d)) return n / d;
    const [a, b] = [BigInt(n), BigInt(d)];
    if (a === 0n) return 0;
    const shift = 66 - bits(a) + bits(b);
    const [over, under] = shift >= 0 ? [a << BigInt(shift), b] : [a, b << BigInt(-shift)];
    const quotient = over / under;
    return Number(over % under === 0n ? quotient : quotient | 1n) * 2 ** -shift;
  }

  /* good ÷ valid; null of nothing. */
  const sli = (good, bad) => (isZero(plus(good, bad)) ? null : ratio(good, plus(good, bad)));
  const isZero = (n) => n == 0;

  /* (bad ÷ valid) ÷ β for a target of good/of. */
  function burn([good, of], bad, valid) {
    return isZero(valid) ? null : ratio(times(bad, of), times(valid, of - good));
  }

  /* 1 − bad ÷ (β · valid), rounded once. */
  function remaining([good, of], bad, valid) {
    if (isZero(valid)) return null;
    const [spent, budget] = [BigInt(times(bad, of)), BigInt(times(valid, of - good))];
    const left = budget - spent;
    const size = (n) => (n <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(n) : n);
    return left < 0n ? -ratio(size(-left), size(budget)) : ratio(size(left), size(budget));
  }

  const count = (n) => BigInt(n).toString().replace(/\B(?=(\d{3})+$)/g, ",");

  /* A share as a percentage of so many decimals, cut towards less. */
  function percent(part, whole, decimals) {
    if (isZero(whole)) return "–";
    const cut = ((BigInt(part) * 100n * 10n ** BigInt(decimals)) / BigInt(whole)).toString().padStart(decimals + 1, "0");
    return decimals ? `${cut.slice(0, -decimals)}.${cut.slice(-decimals)}%` : `${cut}%`;
  }

  const share = (v) => (v === null ? "–" : v > 0 && v < 0.001 ? "<0.1%" : `${(Math.floor(v * 1000 + 1e-9) / 10).toFixed(1)}%`);

  function rate(v) {
    if (v === null) return "–";
    if (v >= 1000) return count(Math.floor(v));
    if (v >= 100) return v.toFixed(0);
    return v > 0 && v < 0.005 ? "<0.01" : v.toFixed(2);
  }

  /* Microseconds, with three digits at most. */
  function latency(us) {
    if (us === null || us === undefined) return "–";
    const [unit, name] = us >= 1e6 ? [1e6, "s"] : us >= 1e3 ? [1e3, "ms"] : [1, "µs"];
    return `${Number((us / unit).toPrecision(3))} ${name}`;
  }

  /* `2026-11-01 00:05`, in UTC. */
  function time(seconds) {
    const text = new Date(seconds * 1000).toISOString();
    return `${text.slice(0, 10)} ${text.slice(11, seconds % 60 ? 19 : 16)}`;
  }

  return { times, plus, ratio, sli, burn, remaining, count, percent, share, rate, latency, time, isZero };
})();
