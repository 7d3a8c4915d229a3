export default { name: "Fails to start", apiVersion: 1, activate() { throw new Error("thrown in activate"); } };
