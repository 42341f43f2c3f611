#include "folder_store.hpp"

LSHOST_PLUGIN(lshost::test::folder::Folder, "folder", "1.0.0");
