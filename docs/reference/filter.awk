# Shows Doxygen the comments of the headers, which are plain ones in C: what stands before a declaration describes it, what
# stands behind one on its line describes that. The lines at the top of a header describe the file. struct_size means the
# same everywhere.
BEGIN { is_top = 1 }
FNR == 1 { is_c = FILENAME ~ /\.h$/ }

# What Doxygen would take for its own words.
{ gsub(/@/, "\\@"); gsub(/-<type>/, "-\\<type\\>") }
{ sub(/namespace lshost::inline v1/, "namespace lshost") }  # the inline namespace is of no interest to a reader
/^ *uint32_t struct_size;( |$)/ && !/\/\*/ { $0 = $0 " /**< Bytes of this struct, set by who fills it (rule 2). */"; print; next }

# "typedef struct x x;" right before "struct x {": the comment above belongs to the struct.
held != "" && $1 == "struct" && $2 "" == held_name { held = "" }
held != "" { print held; held = "" }
is_c && $1 == "typedef" && $2 == "struct" && NF == 4 && $4 == $3 ";" { held = $0; held_name = $3; next }

is_c && in_comment {
  if (/\*\//) in_comment = 0
  print
  next
}
is_c && match($0, /\/\*/) && substr($0, RSTART, 4) != "/* -" {
  before = substr($0, 1, RSTART - 1)
  after = substr($0, RSTART + 2)
  mark = before ~ /^[ \t]*$/ ? "/**" : "/**<"
  if (is_top) mark = "/** @file\n *"
  is_top = 0
  in_comment = after !~ /\*\//
  print before mark after
  next
}

!is_c && is_top && /^\/\/( |$)/ {
  if (!is_file) print "/// @file"
  is_file = 1
  sub(/^\/\//, "///")
  print
  next
}
/./ { is_top = 0 }
{ print }
