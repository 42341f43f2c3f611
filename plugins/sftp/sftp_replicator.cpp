#include "sftp_replicator.hpp"

#include <utility>

#include "download.hpp"
#include "listing.hpp"
#include "names.hpp"
#include "options.hpp"
#include "removal.hpp"
#include "upload.hpp"

namespace lshost::sftp {

SftpReplicator::SftpReplicator(Context context) : SftpReplicator(context, read_options(context)) {}

SftpReplicator::SftpReplicator(Context context, Options options)
    : BlobReplicator(context), remote_(std::make_shared<Remote>(context, std::move(options))) {}

std::span<const ConfigKey> SftpReplicator::Keys() { return keys(); }

void SftpReplicator::Put(const std::string& key, Source& body, std::uint64_t size) {
  Upload(*remote_, remote_->path_of(key), Existing::replaced).run(body, size);
}

void SftpReplicator::PutNew(const std::string& key, Source& body, std::uint64_t size) {
  Upload(*remote_, remote_->path_of(key), Existing::kept).run(body, size);
}

std::unique_ptr<Source> SftpReplicator::Get(const std::string& key, std::uint64_t offset, std::uint64_t length) {
  // What can not be put is not there.
  if (!is_key(key)) throw Error(LSHOST_E_NOT_FOUND, "there is no '" + key + "': no object has such a name");
  return download(remote_, remote_->path_of(key), offset, length);
}

void SftpReplicator::List(const std::string& prefix, const std::function<void(const Blob&)>& each) {
  list_keys(*remote_, prefix, each);
}

void SftpReplicator::Remove(std::span<const std::string> keys) { remove_keys(*remote_, keys); }

}  // namespace lshost::sftp
