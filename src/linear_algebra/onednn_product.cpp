// Products of float matrices by oneDNN's matmul primitive.
//
// The primitive, not dnnl_sgemm: only the former gives a row the same bits whatever the number of rows, and accumulates
// as a separate addition would. A primitive object with the library's own scratchpad is wrong under two threads, so
// each OnednnProducts has its own primitives and passes its own scratchpad.

#include "onednn_product.hpp"

#include <strings.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <dnnl.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>

#include "cauchy/core/error.hpp"
#include "cauchy/linear_algebra/aligned.hpp"

// The three functions of the OpenMP run-time library that oneDNN is linked with; the compiler's own <omp.h> may belong
// to another one.
extern "C" {
void omp_set_num_threads(int count);
int omp_get_max_threads();
int omp_get_dynamic();
}

namespace cauchy::linear_algebra {
namespace {

dnnl::engine& cpu_engine() {
  static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

struct Shape {
  std::size_t m, n, k;
  bool a_transposed, b_transposed, add, bf16;
  bool operator==(const Shape&) const = default;
};

struct ShapeHash {
  std::size_t operator()(const Shape& shape) const {
    std::size_t hash = shape.m;
    for (const std::size_t part : {shape.n, shape.k, std::size_t{shape.a_transposed}, std::size_t{shape.b_transposed},
                                   std::size_t{shape.add}, std::size_t{shape.bf16}}) {
      hash = hash * 1000003 ^ part;
    }
    return hash;
  }
};

using Type = dnnl::memory::data_type;

dnnl::memory::desc descriptor(std::size_t rows, std::size_t columns, Type type, bool transposed = false) {
  using Tag = dnnl::memory::format_tag;
  return {{static_cast<dnnl::memory::dim>(rows), static_cast<dnnl::memory::dim>(columns)},
          type,
          transposed ? Tag::ba : Tag::ab};
}

struct Kernel {
  dnnl::memory a, b, result, scratchpad;
  dnnl::matmul primitive;
};

/// The instruction sets that products distinguish, each with all that the one before has. What oneDNN knows
/// beyond them serves other types.
struct InstructionSet {
  dnnl::cpu_isa isa;
  std::string_view name;  ///< in logs and checkpoints; in capitals in DNNL_MAX_CPU_ISA
};
constexpr std::array<InstructionSet, 6> instruction_sets = {{
    {dnnl::cpu_isa::sse41, "sse41"},
    {dnnl::cpu_isa::avx, "avx"},
    {dnnl::cpu_isa::avx2, "avx2"},
    {dnnl::cpu_isa::avx512_core, "avx512_core"},
    {dnnl::cpu_isa::avx512_core_vnni, "avx512_core_vnni"},
    {dnnl::cpu_isa::avx512_core_bf16, "avx512_core_bf16"},
}};
constexpr std::int64_t widest = instruction_sets.size() - 1;

/// oneDNN's own answer would fix its choice: it takes a limit only before the first question.
std::int64_t instructions_of_processor() {
  __builtin_cpu_init();
  const bool avx512_core = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  const std::array<bool, instruction_sets.size()> has = {
      true,        __builtin_cpu_supports("avx") != 0,        __builtin_cpu_supports("avx2") != 0,
      avx512_core, __builtin_cpu_supports("avx512vnni") != 0, __builtin_cpu_supports("avx512bf16") != 0};
  return std::find(has.begin(), has.end(), false) - has.begin() - 1;
}

std::int64_t instructions_of_environment() {
  for (const char* variable : {"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"}) {
    const char* value = std::getenv(variable);
    if (value != nullptr && strcasecmp(value, "avx2_vnni") == 0) {
      value = "avx2";
    }
    for (std::size_t i = 0; value != nullptr && i < instruction_sets.size(); ++i) {
      if (strcasecmp(std::string(instruction_sets[i].name).c_str(), value) == 0) {
        return static_cast<std::int64_t>(i);
      }
    }
  }
  return widest;
}

template <typename Number>
void set_data(dnnl::memory& memory, const Number* data) {
  memory.set_data_handle(const_cast<Number*>(data));  // oneDNN has no read-only memory objects
}

}  // namespace

class OnednnProducts::State {
 public:
  Kernel& kernel(const Shape& shape) {
    const auto found = kernels_.find(shape);
    return found != kernels_.end() ? found->second : kernels_.emplace(shape, make_kernel(shape)).first->second;
  }

  dnnl::stream& stream() { return stream_; }
  void* scratchpad(std::size_t bytes) {
    if (scratchpad_.size() < bytes) {
      scratchpad_.resize(bytes);
    }
    return scratchpad_.data();
  }

 private:
  static Kernel make_kernel(const Shape& shape) {
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    if (shape.add) {
      dnnl::post_ops operations;
      operations.append_sum(1.0F);
      attributes.set_post_ops(operations);
    }
    const Type type = shape.bf16 ? Type::bf16 : Type::f32;
    const dnnl::matmul::primitive_desc description(
        dnnl::matmul::desc(descriptor(shape.m, shape.k, type, shape.a_transposed),
                           descriptor(shape.k, shape.n, type, shape.b_transposed),
                           descriptor(shape.m, shape.n, Type::f32)),
        attributes, cpu_engine());
    const auto unbound = [](const dnnl::memory::desc& desc) { return dnnl::memory(desc, cpu_engine(), nullptr); };
    return {unbound(description.src_desc()), unbound(description.weights_desc()), unbound(description.dst_desc()),
            unbound(description.scratchpad_desc()), dnnl::matmul(description)};
  }

  std::unordered_map<Shape, Kernel, ShapeHash> kernels_;
  AlignedVector<std::byte> scratchpad_;
  dnnl::stream stream_{cpu_engine()};
};

OnednnProducts::OnednnProducts() : state_(std::make_unique<State>()) {}
OnednnProducts::~OnednnProducts() = default;

template <typename Operand>
void OnednnProducts::multiply(MatrixView<const Operand> a, Transposed a_transposed, MatrixView<const Operand> b,
                              Transposed b_transposed, MatrixView<float> result, Write write) {
  const bool ta = a_transposed == Transposed::yes;
  const bool tb = b_transposed == Transposed::yes;
  Kernel& kernel = state_->kernel({result.rows, result.columns, ta ? a.rows : a.columns, ta, tb, write == Write::add,
                                   std::is_same_v<Operand, Bf16>});
  set_data(kernel.a, a.data);
  set_data(kernel.b, b.data);
  set_data(kernel.result, result.data);
  kernel.scratchpad.set_data_handle(state_->scratchpad(kernel.scratchpad.get_desc().get_size()));
  // By the function of the C interface: that of C++ makes a new list of the arguments in each call.
  const std::array<dnnl_exec_arg_t, 4> arguments = {{{DNNL_ARG_SRC, kernel.a.get()},
                                                     {DNNL_ARG_WEIGHTS, kernel.b.get()},
                                                     {DNNL_ARG_DST, kernel.result.get()},
                                                     {DNNL_ARG_SCRATCHPAD, kernel.scratchpad.get()}}};
  dnnl::error::wrap_c_api(dnnl_primitive_execute(kernel.primitive.get(), state_->stream().get(),
                                                 static_cast<int>(arguments.size()), arguments.data()),
                          "oneDNN does not multiply");
  state_->stream().wait();
}

template void OnednnProducts::multiply(MatrixView<const float>, Transposed, MatrixView<const float>, Transposed,
                                       MatrixView<float>, Write);
template void OnednnProducts::multiply(MatrixView<const Bf16>, Transposed, MatrixView<const Bf16>, Transposed,
                                       MatrixView<float>, Write);

bool onednn_has_bf16() {
  return onednn_instruction_set() == instruction_sets[widest].name;
}

std::string_view onednn_instruction_set() {
  dnnl::cpu_isa chosen = dnnl::get_effective_cpu_isa();
  if (chosen == dnnl::cpu_isa::avx2_vnni) {
    chosen = dnnl::cpu_isa::avx2;  // what it has more serves integers only
  }
  for (const InstructionSet& set : instruction_sets) {
    if (set.isa == chosen) {
      return set.name;
    }
  }
  return "generic";
}

std::int64_t onednn_offered_instructions() {
  return std::min(instructions_of_processor(), instructions_of_environment());
}

void prepare_onednn(std::int64_t instructions) {
  // With fewer threads than OpenMP promises, oneDNN's products are wrong without a word.
  const auto refuse = [](const char* name, auto is_harmless) {
    const char* value = std::getenv(name);
    if (value != nullptr && !is_harmless(std::string_view(value))) {
      throw core::UserError(std::string("environment variable ") + name + "=" + value +
                            " makes the matrix products of oneDNN wrong; unset it");
    }
  };
  refuse("OMP_THREAD_LIMIT", [](std::string_view /*value*/) { return false; });
  refuse("OMP_DYNAMIC", [](std::string_view value) { return value == "false" || value == "FALSE" || value == "0"; });
  refuse("OMP_MAX_ACTIVE_LEVELS", [](std::string_view value) { return value != "0"; });
  prepare_onednn_thread();
  if (omp_get_max_threads() != 1 || omp_get_dynamic() != 0) {
    throw core::UserError("OpenMP does not take a thread count of 1; check the OMP_ variables of the environment");
  }
  // Refused once products have been made, which is no harm: ranks compare what came of it.
  dnnl::set_max_cpu_isa(instruction_sets.at(static_cast<std::size_t>(instructions)).isa);
}

void prepare_onednn_thread() noexcept {
  // More than one thread in a product changes its bits.
  omp_set_num_threads(1);
}

}  // namespace cauchy::linear_algebra
