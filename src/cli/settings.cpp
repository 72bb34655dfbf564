// All options of a run.

#include "cauchy/cli/settings.hpp"

#include <algorithm>
#include <iostream>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/error.hpp"

namespace cauchy::cli {

Settings::Settings() {
  schema.add("model", model);
  schema.add("data", data);
  schema.add("data", reading);
  schema.add("optimizer", method);
  schema.add("optimizer", batch);
  schema.add("optimizer", schedule);
  schema.add("stop", stop);
  schema.add("checkpoint", checkpoint);
  schema.add("output", output);
  schema.add("run", run);
}

void resolve_settings(const communication::Communicator& ranks, const config::Sources& sources, Settings& settings) {
  std::string text;
  communication::agree_on_root(ranks, [&] {
    settings.resolution = config::resolve(settings.schema, sources);
    text = config::resolved_text(settings.resolution);
    settings.tell = [](const std::string& notice) { std::cerr << "cauchy: note: " << notice << std::endl; };
  });
  ranks.broadcast(text);
  if (!ranks.is_root()) {
    config::assign(settings.schema, config::parse_text(text, "the root's configuration"));
  }
}

void refuse_other_settings(const std::string& path, const std::string& stored, const Settings& settings,
                           const std::vector<std::string>& free, const std::string& hint) {
  std::string text;
  for (const config::Difference& difference :
       config::differences(config::parse_text(stored, path), settings.resolution)) {
    if (std::find(free.begin(), free.end(), difference.key) == free.end()) {
      text += "\n  " + difference.key + " = " + difference.before + ", now " + difference.now;
    }
  }
  if (!text.empty()) {
    throw core::UserError(path + " was made with other settings:" + text + "\n" + hint);
  }
}

void settle(const communication::Communicator& ranks, Settings& settings, const std::string& key,
            const std::string& value, const std::string& source) {
  std::string text = value;
  ranks.broadcast(text);
  communication::agree(ranks, [&] {
    if (ranks.is_root()) {
      config::override_value(settings.schema, settings.resolution, key, text, source);
    } else {
      const config::Entry entry{key, text};
      config::assign(settings.schema, {&entry, 1});
    }
  });
}

}  // namespace cauchy::cli
