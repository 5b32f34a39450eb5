//! A setting is a call of the setter of the same name.

use std::time::Duration;

use proc_macro2::{Delimiter, Group, Literal, TokenStream};
use quote::{format_ident, quote};
use rust_supervisor_settings::budget::Budget;
use rust_supervisor_settings::range::Range;
use rust_supervisor_settings::value::{Kind, Value as Text};
use syn::spanned::Spanned;

use super::library::Library;
use crate::setting::{Setting, Value};

/// The call, `.restart(..)`; none for a setting that speaks to the macro itself.
pub(crate) fn setter(setting: &Setting, library: &Library) -> Option<TokenStream> {
    // A switch says which code is written, not what that code sets.
    if setting.row.kind == Kind::Switch {
        return None;
    }
    let value = match &setting.value {
        Value::Expression(expression) | Value::Number(expression) => quote!(#expression),
        Value::Flag(on) => quote!(#on),
        // An empty list has no type, and nothing to say.
        Value::Names(names) if names.is_empty() => return None,
        Value::Names(names) => {
            let names = names.iter().map(|name| &name.text);
            quote!([#(#names),*])
        }
        Value::Path(_) => return None,
        Value::Text(text) => policy(text, library),
        // An empty list has no type; here it takes away what the function has.
        Value::Words(words) if words.is_empty() => quote!([""; 0]),
        Value::Words(words) => quote!([#(#words),*]),
    };
    let setter = format_ident!("{}", setting.row.key);
    let mut argument = Group::new(Delimiter::Parenthesis, value);
    if let Value::Expression(expression) = &setting.value {
        argument.set_span(expression.span());
    }
    Some(quote!(.#setter #argument))
}

fn policy(text: &Text, library: &Library) -> TokenStream {
    match text {
        Text::Budget(Budget::Abort) => quote!(#library::Shutdown::Abort),
        Text::Budget(Budget::Infinity) => quote!(#library::Shutdown::Infinity),
        Text::Budget(Budget::Within(budget)) => {
            let budget = duration(*budget);
            quote!(#library::Shutdown::Within(#budget))
        }
        Text::Duration(length) => duration(*length),
        Text::Range(Range::Between(low, high)) => {
            let (low, high) = (duration(*low), duration(*high));
            quote!(#library::Backoff::exponential(#low, #high))
        }
        Text::Range(Range::Constant(delay)) => {
            let delay = duration(*delay);
            quote!(#library::Backoff::constant(#delay))
        }
        Text::Range(Range::None) => quote!(#library::Backoff::none()),
        Text::Rate(rate) => {
            let (count, window) = (Literal::u32_unsuffixed(rate.count), duration(rate.window));
            quote!(#library::Intensity::new(#count, #window))
        }
        Text::Word(word) => {
            let policy = format_ident!("{}", word.vocabulary.policy);
            let variant = format_ident!("{}", word.variant());
            quote!(#library::#policy::#variant)
        }
    }
}

fn duration(duration: Duration) -> TokenStream {
    // The grammar knows nothing below a millisecond.
    if duration.subsec_millis() == 0 {
        let seconds = Literal::u64_unsuffixed(duration.as_secs());
        quote!(::core::time::Duration::from_secs(#seconds))
    } else {
        let (seconds, milliseconds) = (duration.as_secs(), duration.subsec_millis());
        let milliseconds = seconds
            .saturating_mul(1_000)
            .saturating_add(milliseconds.into());
        let milliseconds = Literal::u64_unsuffixed(milliseconds);
        quote!(::core::time::Duration::from_millis(#milliseconds))
    }
}
