//! The presets, a file for each family of writers.
//!
//! To add one, write its line in the [notation](super::notation) (or list its keys), quote the writer's documentation for units and for what
//! the time marks, and give it an example. `docs/formats.md` says how, and which tests take it up by themselves.

mod apache;
mod aws;
mod caddy;
mod cloudfront;
mod clouds;
mod envoy;
mod frameworks;
mod gateways;
mod haproxy;
mod heroku;
mod java;
mod nginx;
mod others;
mod python;
mod s3;
mod squid;
mod traefik;
mod w3c;

use super::preset::Preset;

/// Every family, in the order of the documentation.
pub(super) static FAMILIES: &[&[Preset]] = &[
    apache::PRESETS,
    nginx::PRESETS,
    caddy::PRESETS,
    traefik::PRESETS,
    envoy::PRESETS,
    haproxy::PRESETS,
    aws::PRESETS,
    s3::PRESETS,
    cloudfront::PRESETS,
    w3c::PRESETS,
    clouds::PRESETS,
    gateways::PRESETS,
    heroku::PRESETS,
    squid::PRESETS,
    python::PRESETS,
    frameworks::PRESETS,
    java::PRESETS,
    others::PRESETS,
];
