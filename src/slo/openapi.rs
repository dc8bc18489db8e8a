//! The paths of an OpenAPI document as routes.
//!
//! OpenAPI 3 (<https://spec.openapis.org/oas/v3.1.1.html>): `paths` is a map of path templates, `{id}` stands for one segment or a part of
//! one. "When matching URLs, concrete (non-templated) paths would be matched before their templated counterparts". A path is appended to the
//! URL of a server, whose own path thus comes first; Swagger 2 calls that path `basePath`.

use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};

/// The route templates of a document, in the order in which they are to be tried. `name` is that of the document, for messages.
///
/// # Errors
/// The document is neither YAML nor JSON, or has no paths.
pub fn routes(name: &str, text: &str) -> Result<Vec<String>> {
    let wrong = |what: &str| Error::new(ErrorKind::Definition, format!("{name}: {what}"));
    let document: Value = serde_saphyr::from_str(text).map_err(|cause| wrong("it is neither YAML nor JSON").because(cause))?;
    let paths = document.get("paths").and_then(Value::as_object).filter(|paths| !paths.is_empty());
    let paths = paths.ok_or_else(|| wrong("it has no `paths`").hint("routes_from takes an OpenAPI document"))?;
    let base = base(&document);
    let mut routes: Vec<String> = paths.keys().filter(|path| path.starts_with('/')).map(|path| format!("{base}{path}")).collect();
    // Stable, so that paths that are as concrete stay in the order of the document.
    routes.sort_by_key(|route| concreteness(route));
    Ok(routes)
}

/// The path that all servers have in common, if they have one.
fn base(document: &Value) -> String {
    let of_server = |server: &Value| Some(path_of(server.get("url")?.as_str()?).to_owned());
    let servers = document.get("servers").and_then(Value::as_array);
    let base = match (servers, document.get("basePath").and_then(Value::as_str)) {
        (Some(servers), _) => {
            let mut bases = servers.iter().map(of_server);
            let first = bases.next().flatten().unwrap_or_default();
            if bases.all(|base| base.as_deref() == Some(&first)) { first } else { String::new() }
        }
        (None, base) => base.unwrap_or_default().to_owned(),
    };
    base.trim_end_matches('/').to_owned()
}

/// The path of a URL, which may be relative. One with variables is not known.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]));
    if rest.contains('{') { "" } else { rest }
}

/// For each segment whether it is a template: what is concrete first comes first.
fn concreteness(route: &str) -> Vec<bool> {
    route.split('/').map(|segment| segment.contains('{')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concrete_paths_come_before_templates() {
        let text = "servers: [{url: 'https://api.example/v2/'}]\npaths:\n  /pets/{id}: {}\n  /pets/mine: {}\n  /pets: {}\n  x-note: {}\n  /{any}/mine: {}\n";
        assert_eq!(routes("api.yaml", text).unwrap(), ["/v2/pets", "/v2/pets/mine", "/v2/pets/{id}", "/v2/{any}/mine"]);
        let text = r#"{"basePath": "/v1", "paths": {"/a": {}}}"#;
        assert_eq!(routes("api.json", text).unwrap(), ["/v1/a"]);
        let text = "servers: [{url: 'https://a/v1'}, {url: 'https://b/v2'}]\npaths: {/a: {}}";
        assert_eq!(routes("api.yaml", text).unwrap(), ["/a"]);
        for wrong in ["a: [", "openapi: 3.1.0", "paths: {}"] {
            assert!(routes("api.yaml", wrong).unwrap_err().message().starts_with("api.yaml: it"), "{wrong}");
        }
    }
}
