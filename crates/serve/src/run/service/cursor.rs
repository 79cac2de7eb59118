//! Signed cursors of pages: forged ones are rejected.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::SystemRandom;

use crate::error::{HttpError, HttpResult};
use crate::request::{ColumnFilter, FieldPath, FilterOperation, FilterTree, OrderedField};

/// Bytes of a signature that a cursor has: 128 bits.
const SIGNED: usize = 16;

/// Values of a row in the columns of the order, as texts.
pub(crate) type PageKey = Vec<Option<String>>;

/// Key that signs the cursors of a service.
pub(crate) struct CursorKey(Option<hmac::Key>);

/// Fewest bytes of a secret from which a key is derived: a caller sees signatures, and may guess at a short one.
const SHORTEST_SECRET: usize = 32;

impl CursorKey {
    /// Derives the key from a secret that all processes of a service have; without one, or with a short one, cursors belong to
    /// this process.
    pub(crate) fn derive(secret: Option<&str>, service: &str) -> CursorKey {
        let secret = secret.filter(|secret| secret.len() >= SHORTEST_SECRET);
        let derived = secret.map(|secret| {
            let root = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
            let tag = hmac::sign(&root, format!("martydb serve: cursors of {service}").as_bytes());
            hmac::Key::new(hmac::HMAC_SHA256, tag.as_ref())
        });
        let random = || hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok();
        // Without random numbers no cursor holds.
        CursorKey(derived.or_else(random))
    }

    /// Returns the cursor of a place in an order of a relation.
    pub(crate) fn sign(&self, relation: &str, order: &[OrderedField], place: &PageKey) -> Option<String> {
        let text = serde_json::Value::from_iter(place.iter().cloned()).to_string();
        let tag = hmac::sign(self.0.as_ref()?, signed(relation, order, &text).as_bytes());
        let mut bytes = tag.as_ref()[..SIGNED].to_vec();
        bytes.extend_from_slice(text.as_bytes());
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Returns the place of a cursor that this key signed for the relation and the order.
    pub(crate) fn open(&self, relation: &str, order: &[OrderedField], cursor: &str) -> HttpResult<PageKey> {
        self.verified(relation, order, cursor).ok_or_else(|| {
            let message = "`after` is not a cursor of this service, collection and order";
            HttpError::new(400, "PGRST100", message).hint("take `next` of the page before, unchanged")
        })
    }

    /// Returns the signature of a text that is not a cursor.
    pub(crate) fn tag(&self, text: &str) -> Option<String> {
        let tag = hmac::sign(self.0.as_ref()?, format!("place\n{text}").as_bytes());
        Some(URL_SAFE_NO_PAD.encode(&tag.as_ref()[..SIGNED]))
    }

    /// Returns `true` for a signature of this key on the text.
    pub(crate) fn has_tag(&self, text: &str, tag: &str) -> bool {
        let expected = self.tag(text).unwrap_or_default();
        let differs = expected.bytes().zip(tag.bytes()).fold(0, |all, (one, other)| all | (one ^ other));
        !expected.is_empty() && expected.len() == tag.len() && differs == 0
    }

    fn verified(&self, relation: &str, order: &[OrderedField], cursor: &str) -> Option<PageKey> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (tag, text) = bytes.split_at_checked(SIGNED)?;
        let text = std::str::from_utf8(text).ok()?;
        let expected = hmac::sign(self.0.as_ref()?, signed(relation, order, text).as_bytes());
        let differs = expected.as_ref().iter().zip(tag).fold(0, |all, (one, other)| all | (one ^ other));
        if differs != 0 {
            return None;
        }
        let place: PageKey = serde_json::from_str(text).ok()?;
        (place.len() == order.len()).then_some(place)
    }
}

/// Returns the signed text. The order is a part of it: its values mean nothing in another one.
fn signed(relation: &str, order: &[OrderedField], text: &str) -> String {
    format!("{relation:?}\n{order:?}\n{text}")
}

/// Returns the filter of the rows behind a place. `required` are columns that are never NULL.
pub(crate) fn after(order: &[OrderedField], place: &PageKey, required: &[String]) -> FilterTree {
    let terms: Vec<(&OrderedField, &Option<String>)> = order.iter().zip(place).collect();
    let one = |number: usize| {
        let equal = terms[..number].iter().map(|(term, value)| leaf(term, equals(value)));
        let (term, value) = terms[number];
        FilterTree::Branch {
            negated: false,
            all: true,
            trees: equal.chain([behind(term, value, required)]).collect(),
        }
    };
    let behind =
        FilterTree::Branch { negated: false, all: false, trees: (0..terms.len()).map(one).collect() };
    match terms.first() {
        // A range of an index: the planner finds none in alternatives.
        Some((term, Some(value))) if !ends_with_null(term, required) => {
            let operator = if term.descending == Some(true) { "<=" } else { ">=" };
            let from = FilterOperation::Binary { operator, quantifier: None, value: value.clone() };
            FilterTree::Branch { negated: false, all: true, trees: vec![leaf(term, from), behind] }
        }
        _ => behind,
    }
}

/// Returns `true` if NULL may come behind all values. It comes last in ascending order and first in descending order by
/// default (<https://www.postgresql.org/docs/current/queries-order.html>).
fn ends_with_null(term: &OrderedField, required: &[String]) -> bool {
    let is_required =
        required.contains(&term.field.name) && term.field == FieldPath::column(&term.field.name);
    !term.nulls_first.unwrap_or(term.descending == Some(true)) && !is_required
}

fn leaf(term: &OrderedField, operation: FilterOperation) -> FilterTree {
    FilterTree::Leaf(ColumnFilter { field: term.field.clone(), negated: false, operation })
}

fn equals(value: &Option<String>) -> FilterOperation {
    match value {
        None => FilterOperation::Is("NULL"),
        Some(value) => FilterOperation::Binary { operator: "=", quantifier: None, value: value.clone() },
    }
}

/// Returns the filter of values behind one.
fn behind(term: &OrderedField, value: &Option<String>, required: &[String]) -> FilterTree {
    let descending = term.descending == Some(true);
    let nulls_first = term.nulls_first.unwrap_or(descending);
    match value {
        None if nulls_first => leaf(term, FilterOperation::Is("NOT NULL")),
        // Nothing is behind: NULL is never not NULL and NULL at once.
        None => FilterTree::Branch {
            negated: false,
            all: true,
            trees: vec![leaf(term, FilterOperation::Is("NULL")), leaf(term, FilterOperation::Is("NOT NULL"))],
        },
        Some(value) => {
            let operator = if descending { "<" } else { ">" };
            let binary = FilterOperation::Binary { operator, quantifier: None, value: value.clone() };
            let mut trees = vec![leaf(term, binary)];
            if ends_with_null(term, required) {
                trees.push(leaf(term, FilterOperation::Is("NULL")));
            }
            FilterTree::Branch { negated: false, all: false, trees }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(name: &str) -> Vec<OrderedField> {
        let field = FieldPath::column(name);
        vec![OrderedField { relation: None, field, descending: None, nulls_first: None }]
    }

    #[test]
    fn only_a_cursor_of_the_same_order_is_taken() {
        let secret = "x".repeat(SHORTEST_SECRET);
        let key = CursorKey::derive(Some(&secret), "shop");
        let cursor = key.sign("public.orders", &order("id"), &vec![Some("7".into())]).unwrap();
        let open = |key: &CursorKey, relation: &str, by: &str, cursor: &str| {
            key.open(relation, &order(by), cursor).ok()
        };
        assert_eq!(open(&key, "public.orders", "id", &cursor), Some(vec![Some("7".into())]));
        assert!(open(&CursorKey::derive(Some(&secret), "shop"), "public.orders", "id", &cursor).is_some());
        let mut changed = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
        *changed.last_mut().unwrap() ^= 1;
        for (key, relation, by, cursor) in [
            (&key, "public.lines", "id", cursor.as_str()),
            (&key, "public.orders", "name", &cursor),
            (&key, "public.orders", "id", &URL_SAFE_NO_PAD.encode(changed)),
            (&key, "public.orders", "id", ""),
            (&key, "public.orders", "id", "!"),
            (&CursorKey::derive(Some(&secret), "bank"), "public.orders", "id", &cursor),
            (&CursorKey::derive(Some("short"), "shop"), "public.orders", "id", &cursor),
        ] {
            assert!(open(key, relation, by, cursor).is_none(), "{relation} {by} {cursor}");
        }
    }
}
