#pragma once
// Removing objects, many in one request where the server can.

#include <span>
#include <string>

#include "client.hpp"

namespace lshost::s3 {

/// Removes the objects of these keys, in full; missing ones are no error. Throws Error for the first that stays, after
/// all were tried.
void remove_objects(Client& client, std::span<const std::string> keys);

}  // namespace lshost::s3
