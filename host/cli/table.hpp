#pragma once
// Listings as aligned columns or as JSON, from the same rows.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace lshost::cli {

/// One column: its name in JSON is stable, its title is for people.
struct Column {
  std::string key;
  std::string title;
  bool is_right_aligned = false;
};

/// A value in both forms; a null in JSON is "-" for people unless `text` says otherwise.
struct Cell {
  nlohmann::ordered_json value;
  std::string text;
};
[[nodiscard]] Cell text_cell(const std::string& text);
[[nodiscard]] Cell size_cell(std::uint64_t bytes);      ///< 1234567 and "1.2 MB"
[[nodiscard]] Cell time_cell(std::int64_t unix_nanos);  ///< RFC 3339; 0: not known
[[nodiscard]] Cell missing_cell();

/// Rows under columns. A row may end with a message in place of its other cells ("ERROR: ..."), field "error" in JSON.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<Cell> cells);                                        ///< REQUIRES: one a column
  void add_error(std::vector<Cell> first_cells, const std::string& error);  ///< REQUIRES: not more than columns
  [[nodiscard]] std::string as_text() const;
  [[nodiscard]] std::string as_json() const;  ///< an array of objects, one a row
  /// To standard output.
  void print(bool json) const;

 private:
  struct Row {
    std::vector<Cell> cells;
    std::string error;
  };
  std::vector<Column> columns_;
  std::vector<Row> rows_;
};

/// "1.2 MB", decimal units.
[[nodiscard]] std::string size_text(std::uint64_t bytes);
/// JSON as a command prints it; bytes that are no text become "?".
[[nodiscard]] std::string json_text(const nlohmann::ordered_json& value);

}  // namespace lshost::cli
