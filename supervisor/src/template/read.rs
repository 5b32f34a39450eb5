//! Reads a [`Value`] as a type of the user's, and says where that failed.

use std::cell::Cell;
use std::fmt;

use rust_supervisor_settings::suggest::Unknown;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::value::Value;

/// What is wrong, and where inside of the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReadError {
    /// From the outside to the inside.
    pub(crate) steps: Vec<Step>,
    pub(crate) message: String,
}

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// To the value of a name.
    Key(String),
    /// To the place in a list.
    Index(usize),
}

/// Reads the value of an argument; `None` is one that is not there.
pub(crate) fn read<T: DeserializeOwned>(value: Option<&Value>) -> Result<T, ReadError> {
    let read = match value {
        Some(value) => T::deserialize(Reader {
            value,
            fields: None,
        }),
        None => T::deserialize(Missing),
    };
    read.map_err(|mut error| {
        error.steps.reverse();
        error
    })
}

impl ReadError {
    fn inside(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            steps: Vec::new(),
            message: message.to_string(),
        }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(Unknown::new("field", field, expected.iter().copied()))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(Unknown::new("variant", variant, expected.iter().copied()))
    }
}

/// A value, and the names that the struct around it has.
#[derive(Clone, Copy)]
struct Reader<'a> {
    value: &'a Value,
    /// The key that it stands under, and the names that are known there.
    fields: Option<(&'a str, &'static [&'static str])>,
}

impl<'de> de::Deserializer<'de> for Reader<'_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.value {
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Integer(value) => match (u64::try_from(*value), i64::try_from(*value)) {
                (Ok(value), _) => visitor.visit_u64(value),
                (_, Ok(value)) => visitor.visit_i64(value),
                _ => visitor.visit_i128(*value),
            },
            Value::List(values) => visitor.visit_seq(List {
                values: values.iter().enumerate(),
            }),
            Value::Map(values) => visitor.visit_map(Map {
                entries: values.iter(),
                next: None,
                fields: &[],
            }),
            Value::Null => visitor.visit_unit(),
            Value::Text(value) => visitor.visit_str(value),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match self.value {
            Value::Map(values) => visitor.visit_map(Map {
                entries: values.iter(),
                next: None,
                fields,
            }),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match self.value {
            Value::Text(variant) => visitor.visit_enum(variant.as_str().into_deserializer()),
            Value::Map(values) if values.len() == 1 => {
                let (variant, value) = values.iter().next().expect("there is one");
                visitor.visit_enum(Variant { variant, value })
            }
            _ => Err(de::Error::custom(format_args!(
                "expected a variant, found {}",
                self.value.noun()
            ))),
        }
    }

    /// A value that its type does not know: a key that is probably misspelt.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.fields {
            Some((key, fields)) => Err(de::Error::custom(Unknown::new(
                "field",
                key,
                fields.iter().copied(),
            ))),
            None => visitor.visit_unit(),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier
    }
}

struct List<'a> {
    values: std::iter::Enumerate<std::slice::Iter<'a, Value>>,
}

impl<'de> SeqAccess<'de> for List<'_> {
    type Error = ReadError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ReadError> {
        let Some((place, value)) = self.values.next() else {
            return Ok(None);
        };
        let reader = Reader {
            value,
            fields: None,
        };
        let read = seed.deserialize(reader);
        read.map(Some)
            .map_err(|error| error.inside(Step::Index(place)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.values.len())
    }
}

struct Map<'a> {
    entries: std::collections::btree_map::Iter<'a, String, Value>,
    next: Option<(&'a str, &'a Value)>,
    fields: &'static [&'static str],
}

impl<'de> MapAccess<'de> for Map<'_> {
    type Error = ReadError;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ReadError> {
        let Some((key, value)) = self.entries.next() else {
            return Ok(None);
        };
        self.next = Some((key, value));
        let read = seed.deserialize(Key(key));
        read.map(Some)
            .map_err(|error| error.inside(Step::Key(key.clone())))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, ReadError> {
        let (key, value) = self
            .next
            .take()
            .ok_or_else(|| de::Error::custom("a value was asked for before its key"))?;
        let fields = (!self.fields.is_empty()).then_some((key, self.fields));
        let read = seed.deserialize(Reader { value, fields });
        read.map_err(|error| error.inside(Step::Key(key.to_owned())))
    }
}

/// A key, which is a text, also where it is written as a number or as a word.
struct Key<'a>(&'a str);

macro_rules! parsed {
    ($($method:ident $visit:ident,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            match self.0.parse() {
                Ok(value) => visitor.$visit(value),
                Err(_) => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Key<'_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_enum(self.0.into_deserializer())
    }

    parsed! {
        deserialize_bool visit_bool,
        deserialize_i8 visit_i8,
        deserialize_i16 visit_i16,
        deserialize_i32 visit_i32,
        deserialize_i64 visit_i64,
        deserialize_i128 visit_i128,
        deserialize_u8 visit_u8,
        deserialize_u16 visit_u16,
        deserialize_u32 visit_u32,
        deserialize_u64 visit_u64,
        deserialize_u128 visit_u128,
    }

    forward_to_deserialize_any! {
        f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}

struct Variant<'a> {
    variant: &'a str,
    value: &'a Value,
}

impl<'a, 'de> EnumAccess<'de> for Variant<'a> {
    type Error = ReadError;
    type Variant = Content<'a>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Content<'a>), ReadError> {
        let variant = seed.deserialize(self.variant.into_deserializer())?;
        let content = Content {
            variant: self.variant,
            value: self.value,
        };
        Ok((variant, content))
    }
}

/// What stands behind the name of a variant.
struct Content<'a> {
    variant: &'a str,
    value: &'a Value,
}

impl Content<'_> {
    fn read<T>(
        self,
        with: impl FnOnce(Reader<'_>) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let reader = Reader {
            value: self.value,
            fields: None,
        };
        with(reader).map_err(|error| error.inside(Step::Key(self.variant.to_owned())))
    }
}

impl<'de> VariantAccess<'de> for Content<'_> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        self.read(|reader| <() as serde::Deserialize>::deserialize(reader))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, ReadError> {
        self.read(|reader| seed.deserialize(reader))
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.read(|reader| de::Deserializer::deserialize_any(reader, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.read(|reader| de::Deserializer::deserialize_struct(reader, "", fields, visitor))
    }
}

/// A value that is not there: nothing to an option, a mistake to anything else.
struct Missing;

impl<'de> de::Deserializer<'de> for Missing {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, ReadError> {
        Err(de::Error::custom("it is missing"))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_none()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The names of the fields of a struct, which its `Deserialize` tells whoever asks.
pub(crate) fn fields_of<T: DeserializeOwned>() -> Option<&'static [&'static str]> {
    let fields = Cell::new(None);
    // It cannot succeed, and is not meant to.
    drop(T::deserialize(Probe(&fields)));
    fields.get()
}

struct Probe<'a>(&'a Cell<Option<&'static [&'static str]>>);

impl<'de> de::Deserializer<'de> for Probe<'_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, ReadError> {
        Err(de::Error::custom("not a struct"))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.0.set(Some(fields));
        Err(de::Error::custom("only asked for its fields"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Feed {
        url: String,
        retries: Option<u8>,
        #[serde(default)]
        mode: Mode,
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum Mode {
        #[default]
        Live,
        Replay {
            from: i64,
        },
        Skip(Vec<u8>),
    }

    fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
        let entries = entries.map(|(key, value)| (key.to_owned(), value));
        Value::Map(BTreeMap::from(entries))
    }

    fn fails(value: &Value) -> (String, String) {
        let error = read::<Feed>(Some(value)).expect_err("it is wrong");
        let steps: Vec<String> = error
            .steps
            .iter()
            .map(|step| match step {
                Step::Key(key) => key.clone(),
                Step::Index(place) => place.to_string(),
            })
            .collect();
        (steps.join("."), error.message)
    }

    #[test]
    fn a_value_is_read_as_the_type() {
        let value = map([
            ("url", "a".into()),
            (
                "mode",
                map([("replay", map([("from", Value::Integer(-3))]))]),
            ),
        ]);
        let feed = Feed {
            url: "a".to_owned(),
            retries: None,
            mode: Mode::Replay { from: -3 },
        };
        assert_eq!(read(Some(&value)), Ok(feed));
        let value = map([("url", "a".into()), ("mode", "live".into())]);
        assert!(read::<Feed>(Some(&value)).is_ok());
        let skip = map([("skip", Value::List(vec![Value::Integer(1)]))]);
        assert_eq!(read(Some(&skip)), Ok(Mode::Skip(vec![1])));
        assert_eq!(read(Some(&Value::Integer(7))), Ok(7_u16));
        assert_eq!(read::<Option<u16>>(None), Ok(None));
    }

    #[test]
    fn a_mistake_is_found_where_it_is() {
        let value = map([("url", "a".into()), ("retries", Value::Integer(300))]);
        let (at, message) = fails(&value);
        assert_eq!(at, "retries");
        assert!(message.contains("expected u8"), "{message}");
        let skip = map([("skip", Value::List(vec![Value::Integer(1), "x".into()]))]);
        let (at, _) = fails(&map([("url", "a".into()), ("mode", skip)]));
        assert_eq!(at, "mode.skip.1");
    }

    #[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
    #[serde(rename_all = "snake_case")]
    enum Side {
        Left,
    }

    #[test]
    fn keys_are_read_as_numbers_words_and_variants_too() {
        let value = map([("8080", "a".into()), ("443", "b".into())]);
        let ports: BTreeMap<u16, String> = read(Some(&value)).expect("two ports");
        assert_eq!(ports.into_keys().collect::<Vec<_>>(), [443, 8080]);
        let error = read::<BTreeMap<u16, String>>(Some(&map([("x", "a".into())])));
        let error = error.expect_err("it is no number");
        assert_eq!(error.message, "invalid type: string \"x\", expected u16");
        assert_eq!(error.steps, [Step::Key("x".to_owned())]);
        let value = map([("true", Value::Integer(1))]);
        assert_eq!(read(Some(&value)), Ok(BTreeMap::from([(true, 1_u8)])));
        let value = map([("left", Value::Integer(1))]);
        let sides = read::<BTreeMap<Side, u8>>(Some(&value));
        assert_eq!(sides, Ok(BTreeMap::from([(Side::Left, 1)])));
        let error = read::<BTreeMap<Side, u8>>(Some(&map([("lift", Value::Integer(1))])));
        let error = error.expect_err("it is no side");
        assert!(error.message.contains("`lift`"), "{}", error.message);
    }

    #[test]
    fn a_field_that_nobody_knows_is_refused_with_the_nearest() {
        let value = map([("url", "a".into()), ("retrys", Value::Integer(3))]);
        let (at, message) = fails(&value);
        assert_eq!(at, "retrys");
        assert!(
            message.starts_with("unknown field `retrys`; did you mean `retries`?"),
            "{message}"
        );
        let value = map([("url", "a".into()), ("mode", "liv".into())]);
        let (_, message) = fails(&value);
        assert!(message.contains("did you mean `live`?"), "{message}");
    }

    #[test]
    fn the_fields_of_a_struct_are_known() {
        assert_eq!(fields_of::<Feed>(), Some(&["url", "retries", "mode"][..]));
        assert_eq!(fields_of::<u8>(), None);
    }
}
