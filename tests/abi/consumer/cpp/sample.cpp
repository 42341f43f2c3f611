// The smallest plugin that replicates: reads everything, keeps nothing.

#include <lshost/replicator.hpp>

class Sample : public lshost::Replicator {
 public:
  explicit Sample(lshost::Context context) : Replicator(context), path_(ctx.String("path")) {}

  static std::span<const lshost::ConfigKey> Keys() {
    static const lshost::ConfigKey keys[] = {{.key = "path", .required = true, .help = "where to"}};
    return keys;
  }

  std::string Type() const override { return "sample"; }
  void Start() override {
    ctx.Spawn("sample", [this] { Run(); });
  }

 private:
  void Run() {
    for (lshost::Position position;; ctx.Wait(position)) {
      const auto status = ctx.Status();
      if (status && status->tip.generation != position.generation) position = status->oldest;
      while (status) {
        auto wal = ctx.OpenWal(position);
        if (!wal) break;
        (void)wal->bytes.ReadAll();
        position = wal->end;
      }
    }
  }

  std::string path_;
};

LSHOST_PLUGIN(Sample, "sample", "3.2.1");
