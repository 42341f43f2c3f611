# cmake -D EXAMPLES=examples/plugins -D OUTPUT=templates.cpp -P templates.cmake: the examples as the table that
# host/scaffold/project.hpp declares. What an example has as a link is in the table as what it leads to.
set(files_cpp "")
set(table_cpp "")
foreach(layer blob replicator)
  foreach(language c++ c rust)
    string(REPLACE "c++" "cpp" folder "${layer}-${language}")
    file(GLOB_RECURSE paths LIST_DIRECTORIES false RELATIVE "${EXAMPLES}/${folder}" "${EXAMPLES}/${folder}/*")
    list(FILTER paths EXCLUDE REGEX "^(build|target)/")  # of somebody who built in the tree
    list(SORT paths)
    if(NOT paths)
      continue()
    endif()
    string(REPLACE "-" "_" array "k_${folder}")
    string(APPEND files_cpp "constexpr ProjectFile ${array}[] = {\n")
    foreach(path IN LISTS paths)
      file(READ "${EXAMPLES}/${folder}/${path}" text)
      set(is_executable false)
      if(path MATCHES "\\.sh$")
        set(is_executable true)
      endif()
      string(APPEND files_cpp "    {\"${path}\", R\"lshost(${text})lshost\", ${is_executable}},\n")
    endforeach()
    string(APPEND files_cpp "};\n")
    string(APPEND table_cpp "    {\"${layer}\", \"${language}\", ${array}},\n")
  endforeach()
endforeach()
file(WRITE "${OUTPUT}.new" "// Made by cmake/templates.cmake of examples/plugins.
#include \"scaffold/project.hpp\"

namespace lshost::scaffold {
namespace {
${files_cpp}constexpr Template kTemplates[] = {
${table_cpp}};
}  // namespace

std::span<const Template> templates() noexcept { return kTemplates; }

}  // namespace lshost::scaffold
")
file(RENAME "${OUTPUT}.new" "${OUTPUT}")
