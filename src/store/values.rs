//! How the words of [`mail`](crate::mail) travel to PostgreSQL and back, so that statements take
//! and give them directly. A text that is none of ours fails where the column is read.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::mail::policy::{AllowedSender, LocalpartPattern};
use crate::mail::{
    Destination, DestinationTemplate, DomainName, DomainPattern, Gid, Localpart, ServiceSet,
    Transport, Uid,
};

pub(super) type Failure = Box<dyn Error + Sync + Send>;

/// A word that is stored as its text.
macro_rules! as_text {
    ($($word:ty: $parse:expr, $text:expr;)+) => {$(
        impl<'a> FromSql<'a> for $word {
            fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
                Ok($parse(<&str>::from_sql(ty, raw)?)?)
            }

            fn accepts(ty: &Type) -> bool {
                <&str as FromSql<'_>>::accepts(ty)
            }
        }

        impl ToSql for $word {
            fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
                $text(self).to_sql(ty, out)
            }

            fn accepts(ty: &Type) -> bool {
                <&str as ToSql>::accepts(ty)
            }

            to_sql_checked!();
        }
    )+};
}

as_text! {
    AllowedSender: AllowedSender::parse, ToString::to_string;
    Destination: Destination::parse, ToString::to_string;
    DestinationTemplate: DestinationTemplate::parse, DestinationTemplate::as_str;
    DomainName: DomainName::parse, DomainName::as_str;
    DomainPattern: DomainPattern::parse, ToString::to_string;
    Localpart: Localpart::from_internal, Localpart::as_str;
    LocalpartPattern: LocalpartPattern::parse, LocalpartPattern::as_str;
    Transport: Transport::parse, Transport::as_str;
}

/// An id that is stored as bigint, for its range does not fit into integer.
macro_rules! as_bigint {
    ($($id:ident)+) => {$(
        impl<'a> FromSql<'a> for $id {
            fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
                Ok(Self(u32::try_from(i64::from_sql(ty, raw)?)?))
            }

            fn accepts(ty: &Type) -> bool {
                <i64 as FromSql<'_>>::accepts(ty)
            }
        }

        impl ToSql for $id {
            fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
                i64::from(self.0).to_sql(ty, out)
            }

            fn accepts(ty: &Type) -> bool {
                <i64 as ToSql>::accepts(ty)
            }

            to_sql_checked!();
        }
    )+};
}

as_bigint! { Gid Uid }

impl<'a> FromSql<'a> for ServiceSet {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        let names = <Vec<&str>>::from_sql(ty, raw)?;
        Ok(names.into_iter().map(crate::mail::Service::parse).collect::<Result<_, _>>()?)
    }

    fn accepts(ty: &Type) -> bool {
        <Vec<&str> as FromSql<'_>>::accepts(ty)
    }
}

impl ToSql for ServiceSet {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        self.iter().map(crate::mail::Service::as_str).collect::<Vec<_>>().to_sql(ty, out)
    }

    fn accepts(ty: &Type) -> bool {
        <Vec<&str> as ToSql>::accepts(ty)
    }

    to_sql_checked!();
}
