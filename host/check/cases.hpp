#pragma once
// The functions of the cases. What each promises stands in registry.cpp.

#include "check/bench.hpp"

namespace lshost::check {

// ---- cases_file.cpp: the library as it lies there ----
void case_identity(Bench& bench);
void case_exports(Bench& bench);
void case_unique_symbols(Bench& bench);

// ---- cases_load.cpp ----
void case_load(Bench& bench);
void case_load_clean(Bench& bench);
void case_schema(Bench& bench);

// ---- cases_config.cpp ----
void case_create(Bench& bench);
void case_config_unknown(Bench& bench);
void case_config_types(Bench& bench);
void case_config_missing(Bench& bench);

// ---- cases_life.cpp ----
void case_leaks(Bench& bench);
void case_stop(Bench& bench);
void case_start_again(Bench& bench);
void case_snapshotting(Bench& bench);

// ---- cases_replication.cpp ----
void case_replicate(Bench& bench);
void case_restore(Bench& bench);
void case_points(Bench& bench);
void case_indexes(Bench& bench);
void case_generations(Bench& bench);
void case_resume(Bench& bench);
void case_retention(Bench& bench);
void case_health(Bench& bench);

// ---- cases_kill.cpp ----
void case_promise(Bench& bench);
void case_kill(Bench& bench);

// ---- cases_faults.cpp ----
void case_faults(Bench& bench);

// ---- cases_privacy.cpp ----
void case_hands_off(Bench& bench);
void case_secrets(Bench& bench);

// ---- cases_store.cpp ----
void case_store(Bench& bench);  ///< the one of store_cases.hpp that has the case's name
void case_store_killed(Bench& bench);

}  // namespace lshost::check
