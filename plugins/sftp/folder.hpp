#pragma once
// The names of a folder on the server, and folders themselves.

#include <functional>
#include <span>
#include <string>

#include "client.hpp"

namespace lshost::sftp {

/// Calls `each` for every name but "." and "..". False: there is no such folder. What `each` throws passes, and leaves
/// the connection usable.
bool list_folder(Client& client, const std::string& path, const std::function<void(const Entry&)>& each);

/// Creates a folder and its missing parents, mode 0700. Where the server can, the names that lead to it become durable:
/// also those that are there, because a run that died may have made them. Folders that may not be read are left out: it
/// was not us who made names there.
void make_folders(Client& client, const std::string& path);

/// Makes the names in folders durable. False: the server did not do it for all of them; OpenSSH's does.
bool sync_folders(Client& client, std::span<const std::string> paths);

/// Removes a folder if it is empty, then its parents, up to but without `root`.
void remove_empty_folders(Client& client, std::string path, const std::string& root);

}  // namespace lshost::sftp
