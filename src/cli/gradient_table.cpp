// What a check of gradients found, as text.

#include "cauchy/cli/gradient_table.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "cauchy/reporting/number.hpp"
#include "cauchy/storage/file.hpp"

namespace cauchy::cli {
namespace {

using optimize::Finding;
using optimize::Probe;
using reporting::grouped;
using reporting::short_text;

constexpr std::size_t columns = 9;
using Row = std::array<std::string, columns>;

std::size_t count(const std::vector<Probe>& probes, Finding finding) {
  return static_cast<std::size_t>(
      std::count_if(probes.begin(), probes.end(), [&](const Probe& probe) { return probe.finding == finding; }));
}

std::size_t count(const std::vector<CheckedPart>& parts, Finding finding) {
  std::size_t total = 0;
  for (const CheckedPart& part : parts) {
    total += count(part.probes, finding);
  }
  return total;
}

/// "8.1 - 10.2", the least and the most of the probes that agree.
std::string digits_text(const std::vector<Probe>& probes) {
  double least = std::numeric_limits<double>::infinity();
  double most = 0;
  for (const Probe& probe : probes) {
    if (probe.finding == Finding::agrees) {
      least = std::min(least, probe.digits());
      most = std::max(most, probe.digits());
    }
  }
  return least > most ? "-" : short_text(least, 2) + " - " + short_text(most, 2);
}

Row row_of(const CheckedPart& part) {
  const auto number = [&](Finding finding) { return grouped(count(part.probes, finding)); };
  return {part.name,
          part.shape.empty() ? "" : storage::shape_text({part.shape.begin(), part.shape.end()}),
          grouped(part.probes.size()),
          number(Finding::agrees),
          digits_text(part.probes),
          number(Finding::unresolved),
          number(Finding::flat),
          number(Finding::kink),
          number(Finding::differs)};
}

/// "output/weights[3,7]", or "output/weights, along a direction".
std::string place_text(const CheckedPart& part, const Probe& probe) {
  if (!probe.coordinate) {
    return part.name + ", along a direction";
  }
  std::size_t index = *probe.coordinate - part.offset;
  std::string text;
  for (std::size_t axis = part.shape.size(); axis-- > 0; index /= part.shape[axis]) {
    text.insert(0, std::to_string(index % part.shape[axis]) + (text.empty() ? "" : ","));
  }
  return part.name + "[" + text + "]";
}

std::string difference_text(const Probe& probe) {
  return "the gradient has " + short_text(probe.gradient, 10) + ", differences " + short_text(probe.difference, 10) +
         " ± " + short_text(probe.error, 2) + " at h = " + short_text(probe.step, 2);
}

std::string kink_text(const Probe& probe) {
  return "the gradient has " + short_text(probe.gradient, 10) + ", the slope to the left is " +
         short_text(probe.left_slope, 10) + ", to the right " + short_text(probe.right_slope, 10);
}

}  // namespace

std::string gradient_table(const std::vector<CheckedPart>& parts) {
  std::vector<Row> rows{{"", "shape", "probes", "agree", "digits", "unresolved", "flat", "kinks", "differ"}};
  for (const CheckedPart& part : parts) {
    rows.push_back(row_of(part));
  }
  std::array<std::size_t, columns> widths{};
  for (const Row& row : rows) {
    for (std::size_t column = 0; column < columns; ++column) {
      widths[column] = std::max(widths[column], reporting::text_width(row[column]));
    }
  }
  std::string text;
  for (const Row& row : rows) {
    text += row[0] + std::string(widths[0] - row[0].size(), ' ');
    for (std::size_t column = 1; column < columns; ++column) {
      text += "  " + std::string(widths[column] - reporting::text_width(row[column]), ' ') + row[column];
    }
    text += "\n";
  }
  return text;
}

std::string probe_lines(const std::vector<CheckedPart>& parts) {
  std::string text;
  for (const CheckedPart& part : parts) {
    for (const Probe& probe : part.probes) {
      if (probe.finding == Finding::differs) {
        text += "differs     " + place_text(part, probe) + ": " +
                (probe.at_kink ? kink_text(probe) : difference_text(probe)) + "\n";
      } else if (probe.finding == Finding::kink && probe.coordinate) {
        text += "kink        " + place_text(part, probe) + ": " + kink_text(probe) + "\n";
      }
    }
  }
  return text;
}

std::string tally_text(const std::vector<CheckedPart>& parts) {
  std::size_t probes = 0;
  for (const CheckedPart& part : parts) {
    probes += part.probes.size();
  }
  std::string text = grouped(count(parts, Finding::agrees)) + " of " + grouped(probes) + " derivatives agree";
  const auto add = [&](Finding finding, const char* what) {
    const std::size_t found = count(parts, finding);
    text += found == 0 ? "" : ", " + grouped(found) + " " + what;
  };
  add(Finding::differs, "differ");
  add(Finding::unresolved, "are hidden by rounding");
  add(Finding::flat, "are 0");
  add(Finding::kink, "lie at kinks");
  return text;
}

std::string parts_that_differ(const std::vector<CheckedPart>& parts) {
  std::string text;
  for (const CheckedPart& part : parts) {
    const std::size_t found = count(part.probes, Finding::differs);
    if (found > 0 && (text.empty() || !part.shape.empty())) {
      text += (text.empty() ? "" : ", ") + part.name + " (" + grouped(found) + " of " + grouped(part.probes.size()) +
              " derivatives)";
    }
  }
  return text;
}

std::string parts_without_comparison(const std::vector<CheckedPart>& parts) {
  std::string text;
  for (const CheckedPart& part : parts) {
    if (!part.shape.empty() && count(part.probes, Finding::agrees) + count(part.probes, Finding::differs) == 0) {
      text += (text.empty() ? "" : ", ") + part.name;
    }
  }
  return text;
}

}  // namespace cauchy::cli
