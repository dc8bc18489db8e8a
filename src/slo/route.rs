//! Routes: names for sets of paths. Written by the slo room's owner.
/// The routes of an indicator, compiled.
#[derive(Debug, Default)]
pub struct Routes {}
impl Routes {
    /// How many routes there are.
    pub fn len(&self) -> usize {
        0
    }
    /// The name of route `i`.
    pub fn name(&self, _i: usize) -> &str {
        ""
    }
    /// The first route, in the order written, that matches `path`.
    pub fn find(&self, _path: &[u8]) -> Option<usize> {
        None
    }
}
