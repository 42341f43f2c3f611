# Which SQLite everything is linked with: SQLite::SQLite3 for the host and the tests, and lshost_application_sqlite for
# the programs that play the application in tests. Both are the system's library unless something else is asked for.
set(LSHOST_SQLITE_AMALGAMATION "" CACHE PATH
  "A folder with sqlite3.c and sqlite3.h to build and to link instead of the system's SQLite")
set(LSHOST_TEST_APPLICATION_SQLITE "same" CACHE STRING
  "What the applications in tests are linked with: same (as the host), system, or a folder with sqlite3.c and sqlite3.h")

# A static library of an amalgamation, with what Debian's package switches on and our tests use.
function(lshost_add_amalgamation target folder)
  foreach(file sqlite3.c sqlite3.h)
    if(NOT EXISTS "${folder}/${file}")
      message(FATAL_ERROR "SQLite: there is no ${file} in ${folder}; it has to be the folder of an amalgamation")
    endif()
  endforeach()
  file(STRINGS "${folder}/sqlite3.h" version REGEX "^#define SQLITE_VERSION  *\"")
  string(REGEX REPLACE ".*\"(.*)\".*" "\\1" version "${version}")
  message(STATUS "SQLite of ${target}: ${version}, from an amalgamation")
  add_library(${target} STATIC "${folder}/sqlite3.c")
  target_include_directories(${target} SYSTEM INTERFACE "${folder}")
  target_compile_definitions(${target} PRIVATE SQLITE_THREADSAFE=1 SQLITE_ENABLE_FTS5 SQLITE_ENABLE_RTREE
    SQLITE_ENABLE_COLUMN_METADATA SQLITE_ENABLE_DBSTAT_VTAB SQLITE_ENABLE_UNLOCK_NOTIFY SQLITE_SECURE_DELETE
    SQLITE_MAX_VARIABLE_NUMBER=250000 HAVE_ISNAN SQLITE_USE_URI)
  target_compile_options(${target} PRIVATE -w)
  target_link_libraries(${target} PUBLIC Threads::Threads ${CMAKE_DL_LIBS} m)
endfunction()

# The system's, under a name that no amalgamation takes.
function(lshost_add_system_sqlite target)
  find_path(LSHOST_SYSTEM_SQLITE_INCLUDE sqlite3.h REQUIRED)
  find_library(LSHOST_SYSTEM_SQLITE_LIBRARY sqlite3 REQUIRED)
  mark_as_advanced(LSHOST_SYSTEM_SQLITE_INCLUDE LSHOST_SYSTEM_SQLITE_LIBRARY)
  add_library(${target} INTERFACE)
  target_include_directories(${target} SYSTEM INTERFACE "${LSHOST_SYSTEM_SQLITE_INCLUDE}")
  target_link_libraries(${target} INTERFACE "${LSHOST_SYSTEM_SQLITE_LIBRARY}")
endfunction()

find_package(Threads REQUIRED)
if(LSHOST_SQLITE_AMALGAMATION)
  lshost_add_amalgamation(lshost_sqlite "${LSHOST_SQLITE_AMALGAMATION}")
  add_library(SQLite::SQLite3 ALIAS lshost_sqlite)
else()
  find_package(SQLite3 3.40 REQUIRED)
endif()

if(LSHOST_TEST_APPLICATION_SQLITE STREQUAL "same")
  add_library(lshost_application_sqlite INTERFACE)
  target_link_libraries(lshost_application_sqlite INTERFACE SQLite::SQLite3)
elseif(LSHOST_TEST_APPLICATION_SQLITE STREQUAL "system")
  lshost_add_system_sqlite(lshost_application_sqlite)
else()
  lshost_add_amalgamation(lshost_application_sqlite "${LSHOST_TEST_APPLICATION_SQLITE}")
endif()
