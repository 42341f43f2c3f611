#pragma once
// Which runs of a text are never shown, before a plugin's schema can say it: by the names of keys.

#include <vector>

#include "config/document.hpp"
#include "config/source_text.hpp"

namespace lshost::config {

/// "secret-access-key", "password", "SAS-token": names that say so.
[[nodiscard]] bool names_a_secret(std::string_view key);

/// A value that is no more than one variable, "${NAME}", says nothing and may be shown.
[[nodiscard]] bool shows_only_a_variable(const SourceText& source, const Secret& run);

/// Values of such keys anywhere in a document, and what stands behind such a word in a comment.
[[nodiscard]] std::vector<Secret> suspect_secrets(const Table& root, const SourceText& source);

/// The same for a text that is not TOML: all that stands behind such a key on its line, and if a long string or an
/// array begins there, up to its end. Rather too much than too little.
[[nodiscard]] std::vector<Secret> suspect_secrets(const SourceText& source);

/// The parser's messages quote what they stumbled over; inside a secret that part is cut off.
[[nodiscard]] Diagnostic without_secrets(Diagnostic diagnostic, const std::vector<Secret>& secrets);

}  // namespace lshost::config
