export default { name: "From the future", apiVersion: 2, activate() {} };
