//! Report of a command with subcommands: that of the one that ran.

/// Defines an enum that serializes and reports as the value it contains.
macro_rules! report_enum {
    ($(#[$attribute:meta])* $name:ident { $($variant:ident($report:ty)),+ $(,)? }) => {
        $(#[$attribute])*
        #[derive(serde::Serialize)]
        #[serde(untagged)]
        pub enum $name {
            $($variant($report)),+
        }

        impl $name {
            fn one(&self) -> &dyn martydb_ui::report::Report {
                match self {
                    $($name::$variant(report) => report),+
                }
            }
        }

        impl martydb_ui::report::Report for $name {
            fn text(&self, style: &martydb_ui::report::Style) -> String {
                self.one().text(style)
            }

            fn messages(&self, style: &martydb_ui::report::Style) -> String {
                self.one().messages(style)
            }

            fn status(&self) -> martydb_model::error::ExitStatus {
                self.one().status()
            }

            fn verbatim(&self) -> bool {
                self.one().verbatim()
            }

            fn format(&self) -> Option<martydb_ui::flags::Format> {
                self.one().format()
            }
        }
    };
}
pub(crate) use report_enum;
