// The intermediate form's type of a value, not the base class of structs.
global using ValueType = Weir.Bpf.Compiler.Ir.ValueType;
