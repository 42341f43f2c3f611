#include "own_gateway.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <csignal>
#include <stdexcept>

#include "connection.hpp"
#include "support/wait_until.hpp"

namespace lshost::test {
namespace {

int free_port() {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd.get(), generic, size) != 0 || ::getsockname(fd.get(), generic, &size) != 0) {
    throw std::runtime_error("cannot find a free port");
  }
  return ntohs(address.sin_port);
}

bool answers(const std::string& url) {
  try {
    s3::Connection connection(
        {.ca_file = {}, .connect_timeout = std::chrono::seconds(1), .stall_timeout = std::chrono::seconds(5)});
    s3::HttpRequest request;
    request.url = url + "/";
    return connection.exchange(request, {}).ok();
  } catch (const s3::HttpFailure&) {
    return false;
  }
}

}  // namespace

OwnGateway::OwnGateway(const Gateway& shared) : gateway_(shared), port_(free_port()) {
  gateway_.endpoint = "http://127.0.0.1:" + std::to_string(port_);
  gateway_.tls_endpoint.clear();
  start();
}

void OwnGateway::start() {
  ProcessOptions options;
  options.command = {"radosgw",
                     "-n",
                     "client.rgw",
                     "-f",
                     "--rgw_frontends=beast endpoint=127.0.0.1:" + std::to_string(port_),
                     "--pid_file=",
                     "--admin_socket=",
                     "--log_file=" + (dir_ / "log")};
  options.environment = {{"CEPH_CONF", gateway_.ceph_conf}, {"CEPH_ARGS", ""}};
  process_ = std::make_unique<Process>(options);
  if (!wait_until([&] { return answers(gateway_.endpoint); }, std::chrono::seconds(60))) {
    throw std::runtime_error("the gateway does not answer: " + process_->err());
  }
}

void OwnGateway::crash() {
  process_->kill(SIGKILL);
  (void)process_->wait();
}

std::string admin(const Gateway& gateway, const std::vector<std::string>& arguments) {
  ProcessOptions options;
  options.command = {"radosgw-admin", "-n", "client.rgw"};
  options.command.insert(options.command.end(), arguments.begin(), arguments.end());
  options.environment = {{"CEPH_CONF", gateway.ceph_conf}, {"CEPH_ARGS", ""}};
  const Finished finished = run(options);
  if (finished.status.code != 0) throw std::runtime_error("radosgw-admin: " + finished.err);
  return finished.out;
}

}  // namespace lshost::test
